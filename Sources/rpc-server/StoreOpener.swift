#if Server
  import StorageLocal
  import ArgumentParser
  import Foundation
  import JobQueue
  import JobQueuePostgres
  import JobQueueSQLite
  import Logging
  import RPCServer
  import TallySchema
  import Uploads

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// Opens the job store that the settings name.
  struct StoreOpener {
    enum Kind {
      case sqlite(path: String)
      case postgres(PostgresStoreAddress)
    }

    let kind: Kind

    init(_ reader: SettingsReader) throws {
      let text = reader.text("store")
      if text.isEmpty {
        kind = .sqlite(path: reader.text("state") + "/tally.sqlite")
      } else if text.hasPrefix("sqlite:"), text.count > 7 {
        kind = .sqlite(path: String(text.dropFirst(7)))
      } else if text.hasPrefix("postgres") {
        do {
          kind = .postgres(try PostgresStoreAddress(text))
        } catch {
          throw ValidationError("The setting 'store' (from: \(reader.source("store"))) is wrong: \(error).")
        }
      } else {
        throw ValidationError(
          "The setting 'store' (from: \(reader.source("store"))) must be sqlite:PATH or postgres://USER@HOST/DATABASE, "
            + "and doesn't begin so.")
      }
    }

    /// Whether other processes may have it open at the same time.
    var isShared: Bool { if case .postgres = kind { true } else { false } }

    /// As it may stand in a log: without a password.
    var shown: String {
      switch kind {
      case .sqlite(let path): "sqlite:\(path)"
      case .postgres(let address): address.shown
      }
    }

    /// - Parameter owner: how this process is named to a second one.
    func open(
      owner: String, limits: Limits, connections: Int, logger: Logger
    ) async throws -> any JobStore & UploadStore {
      switch kind {
      case .sqlite(let path):
        let store = try SQLiteJobStore(path: path, owner: owner, limits: limits)
        do {
          try await store.checkIntegrity()
        } catch {
          try? await store.close()
          throw error
        }
        return store
      case .postgres(let address):
        return try await patiently(logger) {
          try await PostgresJobStore(address, limits: limits, connectionsMost: connections)
        }
      }
    }

    /// A database that starts together with this process may take longer: a minute is given to it.
    private func patiently<Value>(_ logger: Logger, _ body: () async throws -> Value) async throws
      -> Value
    {
      let end = ContinuousClock.now + .seconds(60)
      while true {
        do {
          return try await body()
        } catch let error as StoreUnavailable {
          guard ContinuousClock.now < end else { throw error }
          logger.warning("the store isn't there yet", metadata: ["store": "\(shown)", "error": "\(error)"])
          try await Task.sleep(for: .seconds(1))
        }
      }
    }
  }

  /// A process's store, and the data folder that belongs to it.
  struct OpenedStore {
    let store: any JobStore & UploadStore
    let folder: DataFolder
    /// Who may read results: whoever the process's mask lets, at the most.
    let resultMode: UInt32
    /// The store, as it may stand in a log.
    let shown: String

    /// - Parameter purpose: what the process does, for others that want the store.
    init(
      _ reader: SettingsReader, _ configuration: TallyWorker.Configuration, purpose: String, _ logger: Logger
    ) async throws {
      let opener = try StoreOpener(reader)
      if try Folders.make(reader.text("data"), setting: "data", mode: 0o777) {
        logger.notice("the data folder wasn't there, and has been made", metadata: ["data": "\(reader.text("data"))"])
      }
      // From here on, what is made is the server's alone, but for results, which are given their mode when they are whole.
      let mask = umask(0o077)
      resultMode = 0o444 & ~UInt32(mask)
      try Folders.make(reader.text("state"), setting: "state", mode: 0o700)
      try Folders.make(configuration.spillFolder, setting: "state", mode: 0o700)
      let owner = "process \(ProcessInfo.processInfo.processIdentifier) (\(purpose))"
      // A running job takes one for a moment now and then; calls share the rest.
      let connections = min(8 + configuration.jobsAtOnce, 32)
      store = try await opener.open(
        owner: owner, limits: configuration.limits, connections: connections, logger: logger)
      if configuration.jobsAtOnce == 0, !opener.isShared {
        logger.warning("jobs wait: this process does none (--workers 0), and no other can have its store")
      }
      folder = try DataFolder(path: reader.text("data"), storeUUID: store.uuid)
      shown = opener.shown
    }
  }
#endif
