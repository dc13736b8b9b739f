public import TallySchema

public struct JobQuery: Hashable, Sendable {
  public var owner: String
  /// Nil: every state.
  public var states: [JobState]?
  /// Only jobs whose output's name begins so.
  public var outputPrefix: String?
  /// Whether jobs without an output are listed as well.
  public var includesUnnamed: Bool
  /// Only jobs that were submitted at this moment or later, and before this one.
  public var createdFrom: Timestamp?
  public var createdBefore: Timestamp?
  /// Jobs of a page.
  public var pageSize: Int
  /// From the page before.
  public var pageToken: String?

  public init(
    owner: String, states: [JobState]? = nil, outputPrefix: String? = nil, includesUnnamed: Bool = false,
    createdFrom: Timestamp? = nil, createdBefore: Timestamp? = nil, pageSize: Int = 50, pageToken: String? = nil
  ) {
    self.owner = owner
    self.states = states
    self.outputPrefix = outputPrefix
    self.includesUnnamed = includesUnnamed
    self.createdFrom = createdFrom
    self.createdBefore = createdBefore
    self.pageSize = pageSize
    self.pageToken = pageToken
  }
}

/// Where a page of a list ends: the jobs after it were submitted before, or in the same millisecond with a lower ID.
public struct JobPageToken: Hashable, Sendable, CustomStringConvertible {
  public var createdAt: Timestamp
  public var id: String

  public init(_ job: JobRecord) { self.init(createdAt: job.createdAt, id: job.id) }

  public init(createdAt: Timestamp, id: String) { (self.createdAt, self.id) = (createdAt, id) }

  /// - Throws: ``JobStoreError/unknownPageToken``.
  public init(_ text: String) throws {
    let bytes = text.utf8
    // By bytes, since the text is the caller's; a token of ours is far shorter.
    guard bytes.count <= 128, let dot = bytes.firstIndex(of: UInt8(ascii: ".")), let moment = Int64(text[..<dot]),
      JobID.isPlausible(String(text[bytes.index(after: dot)...]))
    else { throw JobStoreError.unknownPageToken }
    createdAt = Timestamp(milliseconds: moment)
    id = String(text[bytes.index(after: dot)...])
  }

  public var description: String { "\(createdAt.milliseconds).\(id)" }
}

public struct JobListing: Hashable, Sendable {
  /// Bytes of the specifications that a page of jobs holds, at the most, unless its first job alone has more.
  public static let specBytesMost = 1 << 20

  public var jobs: [JobRecord]
  public var nextPageToken: String?

  public init(jobs: [JobRecord], nextPageToken: String? = nil) {
    self.jobs = jobs
    self.nextPageToken = nextPageToken
  }

  /// - Parameters:
  ///   - found: a page's jobs, and one more where there is one.
  ///   - isCut: the page ends before its size, and there may be more.
  public init(found: [JobRecord], pageSize: Int, isCut: Bool = false) {
    jobs = Array(found.prefix(pageSize))
    if isCut || found.count > pageSize { nextPageToken = jobs.last.map { JobPageToken($0).description } }
  }
}
