import Access
import Hummingbird
import HummingbirdCore
public import JobQueue
import JobRunner
public import Logging
import NIOCore
public import ServiceLifecycle
public import Storage
public import TallySchema
public import Uploads

/// The whole server: HTTP, the methods, the runner and its housekeeping, as one service.
///
/// At shutdown, in this order: streams are told and end, HTTP takes no more calls and finishes those that it has, running
/// jobs go back to the queue.
public struct TallyServer: Service {
  public struct Configuration: Sendable {
    public var host: String
    /// 0: any that is free.
    public var port: Int
    /// Names by which browsers may call the server, besides the loopback's.
    public var allowedHosts: Set<String>
    /// Origins of other sites' pages that may call the server.
    public var allowedOrigins: Set<String> = []
    /// Nil: everyone may call.
    public var token: Secret?
    /// Nil: HTTP/1.1 without TLS.
    public var tls: TLSFiles?
    /// Of the worker in this process.
    public var worker: TallyWorker.Configuration
    public var limits: Limits

    /// - Parameter limits: also the worker's.
    public init(
      host: String = "127.0.0.1", port: Int = 8_000, allowedHosts: Set<String> = [], worker: TallyWorker.Configuration,
      limits: Limits = .standard
    ) {
      self.host = host
      self.port = port
      self.allowedHosts = allowedHosts
      self.worker = worker
      self.worker.limits = limits
      self.limits = limits
    }
  }

  /// Where a certificate chain and its key stand, in PEM.
  public struct TLSFiles: Hashable, Sendable {
    public var certificate: String
    public var key: String

    public init(certificate: String, key: String) {
      self.certificate = certificate
      self.key = key
    }
  }

  private let configuration: Configuration
  private let store: any JobStore & UploadStore
  private let storage: any InputStorage & UploadStorage
  private let logger: Logger
  private let onListening: @Sendable (Int) async -> Void
  private var tokens: TokenVerifier { TokenVerifier(token: configuration.token) }

  /// - Parameter onListening: told the port once the server listens.
  public init(
    _ configuration: Configuration, store: any JobStore & UploadStore, storage: any InputStorage & UploadStorage,
    logger: Logger,
    onListening: @escaping @Sendable (Int) async -> Void = { _ in }
  ) {
    self.configuration = configuration
    self.store = store
    self.storage = storage
    self.logger = logger
    self.onListening = onListening
  }

  /// The system's number (`errno`) of an error that ``run()`` has thrown because it couldn't listen; nil for others.
  public static func systemErrorNumber(of error: any Error) -> Int32? { (error as? IOError)?.errnoCode }

  /// Serves until it is told to shut down gracefully, or its task is cancelled.
  public func run() async throws {
    let memory = MemoryPool(totalBytes: configuration.worker.memoryBytes)
    let hub = ProgressHub(store: store, limits: configuration.limits, logger: logger)
    let worker = TallyWorker(configuration.worker, store: store, storage: storage, memory: memory, logger: logger)
    let draining = DrainFlag()
    let presences = ConnectionPresences()
    let (files, walks) = (FileWork(), FileWork())
    let http = try makeHTTP(
      hub: hub, memory: memory, draining: draining, presences: presences, files: files, walks: walks)
    let hubService = LoopService {
      draining.set()
      presences.stop()
    } _: {
      await hub.run()
    }
    // The last one is shut down first.
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: worker.services + [http, hubService], logger: logger))
    let outcome = await TallyWorker.outcome(of: group)
    await worker.shutDown()
    await files.shutDown()
    await walks.shutDown()
    try outcome.get()
  }

  private func makeHTTP(
    hub: ProgressHub, memory: MemoryPool, draining: DrainFlag, presences: ConnectionPresences, files: FileWork,
    walks: FileWork
  ) throws -> some Service {
    let limits = configuration.limits
    let inFlight = InFlightLimit(limits.callsInFlight)
    let downloads = InFlightLimit(limits.downloads)
    let uploads = InFlightLimit(limits.uploads)
    let metrics = CallMetrics()
    let stats = ServerStats(
      store: store, hub: hub, memory: memory, metrics: metrics, inFlight: inFlight, downloads: downloads,
      uploads: uploads, limits: limits)
    let dispatcher = try makeDispatcher(
      hub: hub, memory: memory, metrics: metrics, stats: stats, files: files,
      walks: walks)
    let routes = HTTPRoutes(
      presences: presences,
      rpc: RPCEndpoint(dispatcher: dispatcher, limits: limits, inFlight: inFlight),
      results: ResultEndpoint(store: store, outputs: storage, open: downloads),
      files: FileEndpoint(
        store: store, storage: storage, open: uploads, limits: limits,
        fileMode: configuration.worker.resultMode),
      uploads: TusEndpoint(store: store, storage: storage, open: uploads, limits: limits, logger: logger),
      health: HealthEndpoint(store: store, outputs: storage, isDraining: draining, files: files),
      metrics: MetricsEndpoint(stats: stats),
      origins: OriginPolicy(hosts: configuration.allowedHosts), cors: CORSPolicy(origins: configuration.allowedOrigins),
      tokens: tokens, isDraining: draining, logger: logger)
    return Application(
      responder: routes,
      server: try HTTPBinding.server(
        tls: configuration.tls, limits: limits, presences: presences),
      configuration: ApplicationConfiguration(
        address: .hostname(configuration.host, port: configuration.port), serverName: "tally", backlog: 1_024,
        availableConnectionsDelegate: ConnectionLimit(limits.connections, logger: logger)),
      onServerRunning: { [onListening] channel in await onListening(channel.localAddress?.port ?? 0) },
      logger: logger.withLateMetadata())
  }

  private func makeDispatcher(
    hub: ProgressHub, memory: MemoryPool, metrics: CallMetrics, stats: ServerStats, files: FileWork,
    walks: FileWork
  ) throws -> RPCDispatcher {
    let limits = configuration.limits
    var router = RPCRouter(limits: limits)
    try JobMethods(
      store: store, uploads: store,
      inputs: UploadedInputs(storage, segments: storage, store: store, permissions: configuration.worker.resultMode),
      outputs: storage, memory: memory, hub: hub, files: files, walks: walks,
      limits: limits
    )
    .register(
      in: &router)
    try router.register(SystemMethods.stats) { _, _ in try await stats.json() }
    try router.registerDiscovery()
    return RPCDispatcher(
      router: router,
      interceptors: [
        LogInterceptor(logger: logger), MetricsInterceptor(metrics: metrics), TracingInterceptor(),
        DeadlineInterceptor(), StoreErrorInterceptor(),
      ],
      limits: limits, logger: logger)
  }
}

/// A loop that ends when its task is cancelled, as a service: told to shut down, it is cancelled and awaited.
struct LoopService: Service {
  var onShutdown: @Sendable () -> Void = {}
  let body: @Sendable () async -> Void

  init(onShutdown: @escaping @Sendable () -> Void = {}, _ body: @escaping @Sendable () async -> Void) {
    self.onShutdown = onShutdown
    self.body = body
  }

  func run() async throws {
    await withGracefulShutdownHandler {
      await cancelWhenGracefulShutdown { await body() }
    } onGracefulShutdown: {
      onShutdown()
    }
  }
}
