#if Server
  import ArgumentParser
  import JobQueueSQLite

  struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "backup",
      abstract: "Copies the embedded job store into a new file, while the server may be running.")

    @OptionGroup var settings: SettingOptions
    @Argument(help: "The copy, which must not exist.") var file: String

    func run() async throws {
      guard case .sqlite(let path) = try await StoreOpener(settings.read()).kind else {
        throw ValidationError("A PostgreSQL store is backed up with pg_dump or a base backup: see docs/operations.md.")
      }
      do {
        try SQLiteJobStore.backUp(path, to: file)
      } catch {
        throw ValidationError.stopping("\(error)")
      }
      print(file)
    }
  }
#endif
