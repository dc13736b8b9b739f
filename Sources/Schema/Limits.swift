/// Every limit, with its unit and its default. Reaching one is an error that names it.
public struct Limits: Hashable, Sendable {
  /// The limits of a server whose settings change none.
  public static let standard = Limits()

  /// The limits of a client that doesn't know its server's: sizes that the server's settings decide are left to the server.
  public static let ofAnyServer = {
    var limits = Limits()
    limits.inputFiles = .max
    limits.columns = .max
    limits.pageSize = .max
    limits.jsonDepth = jsonDepthMost
    return limits
  }()

  /// Bytes of a request's body.
  public var requestBodyBytes = 1 << 20
  /// Bytes of a request's headers.
  public var headerBytes = 64 << 10
  /// Requests that are answered at the same time, streams aside.
  public var callsInFlight = 1_024
  /// Milliseconds until a TLS handshake is done and the first request's headers have come, a request's body has, and the next request has.
  public var headerMilliseconds = 10_000
  /// Milliseconds that a request's body may take to arrive.
  public var bodyMilliseconds = 30_000
  /// Milliseconds that a connection may be idle.
  public var idleMilliseconds = 75_000
  /// Milliseconds in which the reader of an answer must take what waits for it.
  public var writeMilliseconds = 30_000
  /// Connections that are open at the same time. The server keeps it below what its file descriptors allow.
  public var connections = 100_000
  /// Results that are downloaded at the same time.
  public var downloads = 1_024
  /// Bytes of one file that is uploaded.
  public var uploadBytes = 1 << 40
  /// Files that are uploaded at the same time.
  public var uploads = 64
  /// Milliseconds in which the next bytes of an upload must come.
  public var uploadIdleMilliseconds = 60_000
  /// Bytes in a second, on average, below which an upload is given up after its first minute.
  public var uploadBytesPerSecond = 1_024
  /// Uploads in pieces that are kept, whole or not.
  public var uploadsKept = 10_000
  /// Files of the server's that one upload's bytes may be in: one for each request that has sent some.
  public var uploadSegments = 131_072
  /// Parts that one upload is put together from.
  public var uploadParts = 1_000
  /// Milliseconds for which an upload in pieces is kept after its last byte.
  public var uploadExpiryMilliseconds = 86_400_000
  /// Bytes of the data folder's disk that uploads leave free, for results and the job store.
  public var diskReserveBytes = 256 << 20
  /// Milliseconds that a call's deadline may be away, at the most.
  public var deadlineMilliseconds = 3_600_000
  /// Calls in one batch.
  public var batchCalls = 100
  /// Calls of one batch that run at the same time.
  public var batchConcurrency = 16
  /// Arrays and objects inside each other in a request: at most ``jsonDepthMost``.
  public var jsonDepth = 128
  /// Arrays and objects inside each other that any JSON text may have: values are read and written recursively, and this
  /// keeps them within a thread's stack.
  public static let jsonDepthMost = 1_000
  /// Bytes of one response.
  public var responseBytes = 8 << 20
  /// Open progress streams of one server.
  public var streams = 16_000
  /// Events that wait for one subscriber; beyond, progress is conflated to the newest.
  public var subscriberEvents = 32
  /// Jobs that haven't ended.
  public var unfinishedJobs = 100_000
  /// Jobs of one page of a list.
  public var pageSize = 1_000
  /// Bytes of one CSV field.
  public var fieldBytes = 1 << 20
  /// Bytes of one CSV record.
  public var recordBytes = 16 << 20
  /// Bytes of text that a compressed input may expand to.
  public var expandedBytes = 1 << 40
  /// Columns of a CSV file.
  public var columns = 4_096
  /// Files of one job.
  public var inputFiles = 1_000
  /// Entries of folders that one job's patterns lead to.
  public var patternEntries = 1_000_000
  /// Bad rows that are left out before the job fails.
  public var badRows = 1_000
  /// Bytes of memory that a job may ask for, at the least and unless it says.
  public var memoryBytesLeast = 64 << 20
  /// Bytes of memory of a job that asks for none.
  public var memoryBytesDefault = 256 << 20
  /// Milliseconds for which a worker's lease holds. Every report of progress renews it.
  public var leaseMilliseconds = 15_000
  /// Milliseconds for which ended jobs are kept.
  public var retentionMilliseconds = 7 * 86_400_000
  /// Milliseconds for which ended jobs without an output are kept, with their results.
  public var unnamedMilliseconds = 3_600_000
  /// Milliseconds that an orderly stop may take.
  public var drainMilliseconds = 30_000
  /// Errors after which a job has failed; deaths of its workers after which it has.
  public var attempts = 3
  /// Deaths of its workers after which a job has failed.
  public var rescues = 20
  /// Milliseconds between two comments on a silent stream.
  public var streamHeartbeatMilliseconds = 15_000

  /// The default of every limit.
  public init() {}
}

extension Limits {
  /// One limit as a setting: what it is called, where it stands, and what it limits.
  public struct Setting: Sendable {
    /// The limit's name in settings and messages.
    public var name: String
    /// Where the limit stands.
    public var path: any WritableKeyPath<Limits, Int> & Sendable
    /// What is limited, in a sentence.
    public var summary: String
  }

  /// Every limit that a server can be given another value for.
  public static let settings: [Setting] = [
    Setting(name: "requestBodyBytes", path: \.requestBodyBytes, summary: "bytes of a request's body"),
    Setting(name: "headerBytes", path: \.headerBytes, summary: "bytes of a request's headers"),
    Setting(name: "callsInFlight", path: \.callsInFlight, summary: "requests that are answered at the same time"),
    Setting(
      name: "headerMilliseconds", path: \.headerMilliseconds,
      summary:
        "milliseconds until a new connection's TLS handshake must be done, and as many until its first request must have come"
    ),
    Setting(
      name: "bodyMilliseconds", path: \.bodyMilliseconds, summary: "milliseconds until a request's body must have come"),
    Setting(
      name: "idleMilliseconds", path: \.idleMilliseconds,
      summary: "milliseconds until an idle connection's next request must have come"),
    Setting(
      name: "writeMilliseconds", path: \.writeMilliseconds,
      summary: "milliseconds in which the reader of an answer must take what waits for it"),
    Setting(
      name: "connections", path: \.connections,
      summary: "open connections; fewer where the process may have fewer file descriptors"),
    Setting(name: "downloads", path: \.downloads, summary: "results that are downloaded at the same time"),
    Setting(name: "uploadBytes", path: \.uploadBytes, summary: "bytes of one file that is uploaded"),
    Setting(name: "uploads", path: \.uploads, summary: "files that are uploaded at the same time"),
    Setting(
      name: "uploadIdleMilliseconds", path: \.uploadIdleMilliseconds,
      summary: "milliseconds in which the next bytes of an upload must come"),
    Setting(
      name: "uploadBytesPerSecond", path: \.uploadBytesPerSecond,
      summary: "bytes in a second, on average, below which an upload is given up after its first minute"),
    Setting(name: "uploadsKept", path: \.uploadsKept, summary: "uploads in pieces that are kept, whole or not"),
    Setting(
      name: "uploadSegments", path: \.uploadSegments, summary: "requests that may send bytes of one upload in pieces"),
    Setting(name: "uploadParts", path: \.uploadParts, summary: "parts that one upload is put together from"),
    Setting(
      name: "uploadExpiryMilliseconds", path: \.uploadExpiryMilliseconds,
      summary: "milliseconds for which an upload in pieces is kept after its last byte"),
    Setting(
      name: "diskReserveBytes", path: \.diskReserveBytes,
      summary: "bytes of the data folder's disk that uploads leave free"),
    Setting(
      name: "deadlineMilliseconds", path: \.deadlineMilliseconds,
      summary: "milliseconds that a call's deadline may be away"),
    Setting(name: "batchCalls", path: \.batchCalls, summary: "calls in one batch"),
    Setting(
      name: "batchConcurrency", path: \.batchConcurrency, summary: "calls of one batch that run at the same time"),
    Setting(name: "jsonDepth", path: \.jsonDepth, summary: "JSON arrays and objects inside each other"),
    Setting(name: "responseBytes", path: \.responseBytes, summary: "bytes of one answer, a batch's as a whole"),
    Setting(name: "streams", path: \.streams, summary: "open progress streams"),
    Setting(name: "subscriberEvents", path: \.subscriberEvents, summary: "events that wait for one subscriber"),
    Setting(
      name: "streamHeartbeatMilliseconds", path: \.streamHeartbeatMilliseconds,
      summary: "milliseconds between two comments on a stream"),
    Setting(name: "unfinishedJobs", path: \.unfinishedJobs, summary: "jobs that haven't ended"),
    Setting(name: "fieldBytes", path: \.fieldBytes, summary: "bytes of one CSV field"),
    Setting(name: "recordBytes", path: \.recordBytes, summary: "bytes of one CSV record"),
    Setting(name: "inputFiles", path: \.inputFiles, summary: "files that one job reads"),
    Setting(
      name: "patternEntries", path: \.patternEntries, summary: "entries of the folders that one job's patterns lead to"),
    Setting(name: "expandedBytes", path: \.expandedBytes, summary: "bytes that a compressed input may expand to"),
    Setting(name: "columns", path: \.columns, summary: "columns of a CSV file"),
    Setting(
      name: "leaseMilliseconds", path: \.leaseMilliseconds, summary: "milliseconds that a silent worker keeps its job"),
    Setting(name: "attempts", path: \.attempts, summary: "errors after which a job has failed"),
    Setting(name: "rescues", path: \.rescues, summary: "deaths of its workers after which a job has failed"),
    Setting(
      name: "drainMilliseconds", path: \.drainMilliseconds, summary: "milliseconds that an orderly stop may take"),
    Setting(
      name: "retentionMilliseconds", path: \.retentionMilliseconds,
      summary: "milliseconds for which ended jobs are kept"),
    Setting(
      name: "unnamedMilliseconds", path: \.unnamedMilliseconds,
      summary: "milliseconds for which ended jobs without an output are kept, with their results"),
  ]
}
