#if Server
  import StorageLocal
  import JobRunner
  import ArgumentParser
  import Foundation
  import JobQueue
  import Logging
  import RPCServer
  import TallySchema

  struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "worker",
      abstract: "Does the jobs of a shared store (postgres://…) until it is told to stop (SIGINT, SIGTERM).")

    @OptionGroup var settings: SettingOptions

    func run() async throws {
      let reader = try await settings.read()
      let logger = try ServeCommand.makeLogger(reader)
      let limits = try reader.limits()
      DescriptorLimit.raise()
      guard try StoreOpener(reader).isShared else {
        throw reader.problem("store", "must be postgres://… for a worker: an embedded store belongs to one process")
      }
      let configuration = try reader.workerConfiguration(limits)
      guard configuration.jobsAtOnce > 0 else { throw reader.problem("workers", "must be at least 1 for a worker") }
      do {
        let plan = ShutdownPlan(totalMilliseconds: limits.drainMilliseconds)
        let signals = StopSignals(plan, logger)
        defer { withExtendedLifetime(signals) {} }
        let opened = try await OpenedStore(reader, configuration, purpose: "rpc-server worker", logger)
        var configuration = configuration
        configuration.resultMode = opened.resultMode
        logger.notice(
          "working",
          metadata: [
            "worker": "\(configuration.name)", "data": "\(opened.folder.path)", "store": "\(opened.shown)",
            "memory": "\(ByteCount.text(configuration.memoryBytes))", "workers": "\(configuration.jobsAtOnce)",
          ])
        let worker = TallyWorker(configuration, store: opened.store, storage: opened.folder, logger: logger)
        signals.serviceStarts()
        try await ServeCommand.run(worker, plan, logger)
        try await opened.store.close()
        logger.notice("stopped")
      } catch {
        throw ValidationError.stopping("\(error).")
      }
    }
  }
#endif
