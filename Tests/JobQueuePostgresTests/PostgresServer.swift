import Foundation
import Synchronization
import TestSupport

/// A PostgreSQL server of the tests' own, from Debian's package: in a folder that goes with it, reached by a socket in it.
final class PostgresServer: Sendable {
  let place: TestFolder
  private let programs: String

  struct Missing: Error, CustomStringConvertible {
    var description: String
  }

  /// Makes a cluster and starts it.
  init() throws {
    // A socket's path may be 107 bytes long.
    place = try TestFolder()
    programs = try PostgresServer.findPrograms()
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: place.path)
    try FileManager.default.createDirectory(atPath: place.path + "/cluster", withIntermediateDirectories: true)
    try PostgresServer.run(["chown", "postgres", place.path, place.path + "/cluster"], asPostgres: false)
    try PostgresServer.run(
      [programs + "/initdb", "-D", place.path + "/cluster", "-A", "trust", "-U", "tally", "--no-sync", "-E", "UTF8"])
    try start()
  }

  deinit { try? stop("immediate") }

  func url(schema: String, _ more: String = "") -> String {
    let folder = place.path.replacingOccurrences(of: "/", with: "%2F")
    return "postgres://tally@\(folder)/postgres?schema=\(schema)\(more)"
  }

  func start() throws {
    // What a kill can't lose isn't synced in most tests; those of durability look at the calls themselves.
    let options = "-c listen_addresses= -c unix_socket_directories=\(place.path) -c fsync=off -c max_connections=200"
    try PostgresServer.run([
      programs + "/pg_ctl", "-D", place.path + "/cluster", "-l", place.path + "/cluster/log", "-o", options, "-w",
      "start",
    ])
  }

  /// - Parameter mode: `immediate` ends all processes as a crash does.
  func stop(_ mode: String) throws {
    try PostgresServer.run([programs + "/pg_ctl", "-D", place.path + "/cluster", "-m", mode, "-w", "stop"])
  }

  @discardableResult
  func sql(_ text: String) throws -> String {
    try PostgresServer.run(
      [
        programs + "/psql", "-h", place.path, "-U", "tally", "-d", "postgres", "-qAt", "-v", "ON_ERROR_STOP=1", "-c",
        text,
      ],
      asPostgres: false)
  }

  /// Ends the processes of all connections but that of the question.
  func killBackends() throws {
    try sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
  }

  private static func findPrograms() throws -> String {
    let base = "/usr/lib/postgresql"
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
    for version in versions.sorted(by: { (Int($0) ?? 0) > (Int($1) ?? 0) })
    where FileManager.default.isExecutableFile(atPath: "\(base)/\(version)/bin/initdb") {
      return "\(base)/\(version)/bin"
    }
    throw Missing(description: "these tests need Debian's package postgresql; `./run test` installs it")
  }

  /// PostgreSQL refuses to run as root. (Foundation's `Process` waits for the server that `pg_ctl` leaves behind.)
  @discardableResult
  static func run(_ command: [String], asPostgres: Bool = true) throws -> String {
    let prefix =
      asPostgres && geteuid() == 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : []
    let line = (prefix + command).map { "'" + $0.replacingOccurrences(of: "'", with: "'\\''") + "'" }.joined(
      separator: " ")
    let isStart = command.contains("start")
    guard let pipe = popen("cd / && \(line) </dev/null \(isStart ? ">/dev/null 2>&1" : "2>&1")", "r") else {
      throw Missing(description: "no pipe for \(line)")
    }
    var text: [UInt8] = []
    while case let byte = getc(pipe), byte != EOF { text.append(UInt8(byte)) }
    guard pclose(pipe) == 0 else {
      throw Missing(description: "\(line): \(String(decoding: text, as: UTF8.self))")
    }
    return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// One server for all tests of the process.
  static func shared() throws -> PostgresServer {
    try common.withLock { server in
      if let server { return server }
      let made = try PostgresServer()
      server = made
      atexit { PostgresServer.common.withLock { try? $0?.stop("immediate") } }
      return made
    }
  }

  private static let common: Mutex<PostgresServer?> = Mutex(nil)
}
