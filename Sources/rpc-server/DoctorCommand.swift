#if Server
  import ArgumentParser
  import Foundation
  import JobQueuePostgres
  import JobQueueSQLite
  import RPCServer
  import TallySchema

  /// Checks what a server or a worker needs, each on a line of its own; exit code 1 where something is missing.
  struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "doctor",
      abstract: "Checks settings, data folder, state folder and job store: for operators, and for health checks.")

    @OptionGroup var settings: SettingOptions
    @Flag(help: "Say nothing when all is well.") var quiet = false

    func run() async throws {
      let reader = try await settings.read()
      var problems = 0
      func check(_ what: String, _ body: () async throws -> String) async {
        do {
          let found = try await body()
          if !quiet { print("ok      \(what): \(found)") }
        } catch {
          problems += 1
          print("problem \(what): \(error)")
        }
      }
      await check("settings") {
        let configuration = try reader.serverConfiguration(try reader.limits())
        return "\(configuration.worker.jobsAtOnce) workers share \(ByteCount.text(configuration.worker.memoryBytes))"
      }
      for name in ["data", "state"] {
        await check(name) { try DoctorCommand.tryFolder(reader.text(name), setting: name) }
      }
      await check("store") { try await DoctorCommand.tryStore(reader) }
      if problems > 0 { throw ExitCode(1) }
    }

    /// Writes and removes a file.
    private static func tryFolder(_ path: String, setting: String) throws -> String {
      let file = path + "/.tally-doctor-\(String(UInt64.random(in: .min ... .max), radix: 36))"
      // A new file, and no link's: a folder that others may write to could have one of any name.
      let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { throw FolderProblem(path: path, setting: setting, number: errno) }
      defer {
        close(descriptor)
        unlink(file)
      }
      guard write(descriptor, "ok", 2) == 2, fsync(descriptor) == 0 else {
        throw FolderProblem(path: path, setting: setting, number: errno)
      }
      var information = statvfs()
      guard statvfs(path, &information) == 0 else { throw FolderProblem(path: path, setting: setting, number: errno) }
      let free = Int(information.f_bavail) * Int(information.f_frsize)
      return "\(path) is writable, \(ByteCount.text(free)) are free"
    }

    /// Looks only: nothing is migrated, and no store is taken from a server.
    private static func tryStore(_ reader: SettingsReader) async throws -> String {
      let opener = try StoreOpener(reader)
      switch opener.kind {
      case .sqlite(let path):
        guard FileManager.default.fileExists(atPath: path) else { return "\(path) isn't there yet; serve makes it" }
        return "\(path) is whole: \(try SQLiteJobStore.inspect(path)) jobs"
      case .postgres(let address):
        return "\(opener.shown) answers: \(try await PostgresJobStore.inspect(address))"
      }
    }
  }
#endif
