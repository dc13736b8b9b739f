import JobQueue
import JobRunner
import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `rpc.stats`: what a person or a monitor wants to know of a running server.
struct ServerStats: Sendable {
  let store: any JobStore
  let hub: ProgressHub
  let memory: MemoryPool
  let metrics: CallMetrics
  let inFlight: InFlightLimit
  let downloads: InFlightLimit
  let uploads: InFlightLimit
  let limits: Limits
  let start = ContinuousClock.now

  func json() async throws -> JSONValue {
    let counts = try await store.counts(owner: nil, includesUnnamed: true)
    return [
      "uptimeMs": .number(Int((ContinuousClock.now - start) / .milliseconds(1))), "version": .string(TallyVersion.text),
      "now": Timestamp.now.json, "calls": metrics.json, "callsInFlight": .number(inFlight.count),
      "jobs": .object(JobState.allCases.map { JSONMember($0.rawValue, .number(counts[$0] ?? 0)) }),
      "streams": .number(hub.subscriberCount), "downloads": .number(downloads.count),
      "uploads": .number(uploads.count),
      "memory": [
        "residentBytes": .number(ServerStats.residentBytes), "jobsBytes": .number(memory.totalBytes - memory.freeBytes),
        "jobsBytesLimit": .number(memory.totalBytes),
      ],
      "limits": .object(Limits.settings.map { JSONMember($0.name, .number(limits[keyPath: $0.path])) }),
    ]
  }

  /// Bytes of the process in memory; 0 where the system doesn't tell.
  private static var residentBytes: Int {
    #if os(Linux)
      var text = [UInt8](repeating: 0, count: 128)
      let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { return 0 }
      defer { close(descriptor) }
      let count = read(descriptor, &text, text.count)
      let fields = String(decoding: text[..<max(count, 0)], as: UTF8.self).split(separator: " ")
      return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * sysconf(Int32(_SC_PAGESIZE))
    #else
      return 0
    #endif
  }
}

extension RPCRouter {
  /// Adds `rpc.discover`, which describes what is registered by now, and itself.
  mutating func registerDiscovery() throws {
    let descriptors = (descriptors + [SystemMethods.discover]).sorted { $0.name < $1.name }
    let document = OpenRPCDocument.make(
      title: "Tally", serviceVersion: TallyVersion.text, methods: descriptors, components: Jobs.components,
      examples: Jobs.examples)
    try register(SystemMethods.discover) { _, _ in document }
  }
}
