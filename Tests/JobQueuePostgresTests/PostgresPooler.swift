import Foundation
import Synchronization
import TestSupport

/// A pgbouncer in front of the tests' server, in transaction mode: each transaction has any of its connections.
final class PostgresPooler: Sendable {
  private let server: PostgresServer
  private let folder: String
  private static let port = 6432

  init(_ server: PostgresServer) throws {
    self.server = server
    folder = server.place.path + "/pooler"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let settings = """
      [databases]
      postgres = host=\(server.place.path) user=tally
      [pgbouncer]
      pool_mode = transaction
      auth_type = any
      unix_socket_dir = \(folder)
      listen_addr =
      listen_port = \(PostgresPooler.port)
      logfile = \(folder)/log
      pidfile = \(folder)/pid
      max_client_conn = 500
      default_pool_size = 20
      server_login_retry = 0.1
      """
    try settings.write(toFile: folder + "/settings.ini", atomically: true, encoding: .utf8)
    if geteuid() == 0 { try PostgresServer.run(["chown", "-R", "postgres", folder], asPostgres: false) }
    try PostgresServer.run(["/usr/sbin/pgbouncer", "-q", "-d", folder + "/settings.ini"])
  }

  deinit { stop() }

  func stop() {
    guard let text = try? String(contentsOfFile: folder + "/pid", encoding: .utf8),
      let process = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines))
    else { return }
    kill(process, SIGKILL)
  }

  /// Without LISTEN, which doesn't pass.
  func url(schema: String) -> String {
    let host = folder.replacingOccurrences(of: "/", with: "%2F")
    return "postgres://tally@\(host):\(PostgresPooler.port)/postgres?schema=\(schema)&listen=false"
  }

  /// One for all tests of the process.
  static func shared() throws -> PostgresPooler {
    try common.withLock { pooler in
      if let pooler { return pooler }
      let made = try PostgresPooler(PostgresServer.shared())
      pooler = made
      atexit { PostgresPooler.common.withLock { $0?.stop() } }
      return made
    }
  }

  private static let common: Mutex<PostgresPooler?> = Mutex(nil)
}
