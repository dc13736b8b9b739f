public import Storage
public import TallySchema

/// What is submitted, and by whom.
public struct JobSubmission: Hashable, Sendable {
  public var owner: String
  public var spec: JobSpec
  public var idempotencyKey: String?
  /// Names that the job writes and that stand for a file now: an unfinished job's pattern that matches one reads it.
  public var existingOutputs: [String] = []

  public init(owner: String, spec: JobSpec, idempotencyKey: String? = nil) {
    self.owner = owner
    self.spec = spec
    self.idempotencyKey = idempotencyKey
  }
}

/// Keeps jobs, durably, and lets exactly one worker at a time write to each.
///
/// Every store passes the same suite of tests. Its clock is the only clock: times of callers are never compared with it.
/// What a method has returned is on disk, but for ``renew(_:epoch:progress:)``, whose loss costs nothing.
public protocol JobStore: Sendable {
  /// The store's own identity, which marks the folders that belong to it.
  var uuid: String { get }
  /// Told after every commit that changes a job. A hint: who waits for it looks now and then as well.
  var changes: ChangeSignal { get }

  /// Takes a job. The same key and spec of the same owner again is the job that is there already.
  ///
  /// - Throws: ``JobStoreError``.
  func submit(_ submission: JobSubmission) async throws -> JobRecord
  func job(_ id: String) async throws -> JobRecord?
  /// The job that an owner has submitted under that key.
  func job(owner: String, idempotencyKey: String) async throws -> JobRecord?
  /// Newest first, of one owner.
  func list(_ query: JobQuery) async throws -> JobListing
  /// The state changes of a job after a cursor, in order.
  func events(of id: String, after cursor: JobCursor) async throws -> [JobEvent]
  /// The jobs of these IDs that have moved past the sequence that is known of each, and those that aren't there any more.
  func changed(since known: [String: Int]) async throws -> JobChanges
  /// What has happened to a job after a cursor, in order: at most that many lines. Nil: from its beginning.
  func log(of id: String, after cursor: JobCursor?, most: Int) async throws -> [JobLogLine]
  /// Ends a job, or has it ended by its worker. One whose result is committed stays as it is.
  ///
  /// - Parameter actor: who asks, for the job's log.
  func requestCancel(_ id: String, by actor: String) async throws -> JobRecord?
  /// Queues a failed or cancelled job again, and reserves its output again.
  ///
  /// - Parameter existingOutputs: as ``JobSubmission/existingOutputs``.
  /// - Throws: ``JobStoreError``.
  func retry(_ id: String, by actor: String, existingOutputs: [String]) async throws -> JobRecord
  /// Forgets a job that has ended and has nothing left to publish.
  ///
  /// - Throws: ``JobStoreError``.
  func delete(_ id: String) async throws
  /// How many jobs there are in each state: of one owner, or, with nil, of all.
  ///
  /// - Parameter includesUnnamed: whether those without an output count.
  func counts(owner: String?, includesUnnamed: Bool) async throws -> [JobState: Int]

  /// Gives the first job of the queue to a worker: nil when there is none, or when it needs more memory than is free
  /// (those behind it wait as well, so that it doesn't starve). Jobs for which the worker will never have enough, or that
  /// need what it doesn't know, are left to others.
  func claim(worker: String, offer: WorkerOffer) async throws -> JobRecord?
  func renew(_ id: String, epoch: Int, progress: JobProgress) async throws -> JobLifecycle.WorkerWrite
  /// Notes the files that a run reads, in the place of those of the job's runs before, until the job has ended and is
  /// published. What patterns have found and another unfinished job is to write is left out.
  func startReading(_ id: String, epoch: Int, _ inputs: [InputReading]) async throws -> ReadingStart
  func commit(_ id: String, epoch: Int, result: SealedResult, progress: JobProgress) async throws
    -> JobLifecycle.WorkerWrite
  func fail(_ id: String, epoch: Int, failure: JobFailure) async throws -> JobLifecycle.WorkerWrite
  func release(_ id: String, epoch: Int) async throws -> JobLifecycle.WorkerWrite

  /// Jobs that have succeeded and whose outputs aren't published yet.
  func unpublished() async throws -> [JobRecord]
  /// The job of the newest committed generation of an output.
  func newestCommitted(output: String) async throws -> JobRecord?
  /// The unfinished jobs, and those that are being published, whose runs read a file of that identity.
  func readers(of identity: String) async throws -> [InputReader]
  /// Checks that no unfinished job writes a name, or reads it: the rule by which a submission's outputs are taken.
  ///
  /// - Parameters:
  ///   - owner: whose patterns count.
  ///   - isThere: the name stands for a file now, which a pattern may have matched.
  /// - Throws: ``JobStoreError/outputReserved(name:jobID:)``, ``JobStoreError/outputIsInput(name:jobID:)``.
  func checkName(_ name: String, of owner: String, isThere: Bool) async throws
  func markPublished(_ id: String, generation: Int) async throws
  /// Gives up a publication that is still to come: to be called under the output's lock, where that can be had. Other jobs
  /// stay as they are.
  ///
  /// - Parameter actor: who asks, for the job's log.
  func abandonPublication(_ id: String, by actor: String) async throws -> JobRecord
  /// Tells why an output isn't published yet; nothing else changes.
  func markDelayed(_ id: String, generation: Int, failure: JobFailure) async throws
  func markUnpublishable(_ id: String, generation: Int, failure: JobFailure) async throws
  /// Forgets jobs that ended before then and have nothing left to publish, at most that many; returns how many.
  func prune(endedBefore moment: Timestamp, most: Int) async throws -> Int
  /// Jobs without an output that ended so long ago, by the store's clock, at most that many: whoever asks forgets them with
  /// their results.
  func unnamed(endedMilliseconds: Int, most: Int) async throws -> [JobRecord]
  /// Whether the store answers.
  func check() async throws
  /// Gives back what the store holds open. Calls after it fail.
  func close() async throws
}

/// What a worker has for a job, and what it knows.
public struct WorkerOffer: Hashable, Sendable {
  /// Bytes of memory.
  public var freeBytes: Int
  /// Bytes of memory: all that it ever has.
  public var mostBytes: Int
  /// Names of ``JobFeature``.
  public var features: [String]

  public init(
    freeBytes: Int, mostBytes: Int = .max, features: [String] = JobFeature.allCases.map(\.rawValue)
  ) {
    self.freeBytes = freeBytes
    self.mostBytes = mostBytes
    self.features = features
  }

  /// The features as a JSON array.
  public var featuresText: String { features.json.text }

  public static let unlimited = WorkerOffer(freeBytes: .max)
}

/// What has become of watched jobs.
public struct JobChanges: Hashable, Sendable {
  public var moved: [JobRecord]
  /// IDs of jobs that have been deleted.
  public var missing: [String]

  public init(moved: [JobRecord], missing: [String]) {
    self.moved = moved
    self.missing = missing
  }
}

/// The store can't be reached, or can't write. Nothing is known to have happened; the same call may be made again.
public struct StoreUnavailable: Error, Hashable, Sendable, CustomStringConvertible {
  /// `STORE_AWAY`, `STORE_FULL`, `STORE_READ_ONLY`, `STORE_FAILED`.
  public var reason: String
  public var description: String

  public init(reason: String = "STORE_AWAY", _ description: String) {
    self.reason = reason
    self.description = description
  }
}

/// Why a store refuses.
public enum JobStoreError: Error, Hashable, Sendable {
  /// The key belongs to a job with another spec.
  case idempotencyKeyReused(jobID: String)
  /// Another job that hasn't ended writes that name.
  case outputReserved(name: String, jobID: String)
  /// Another job that hasn't ended reads that name.
  case outputIsInput(name: String, jobID: String)
  /// The job reads an upload that isn't there, is another owner's, or has expired.
  case uploadNotFound(id: String)
  case tooManyJobs(limit: Int)
  case unknownPageToken
  case notFound(jobID: String)
  /// The job's state doesn't allow what was asked.
  case wrongState(jobID: String, JobState)
  /// Another version has submitted the job, and this one can't read what it asks.
  case unreadable(jobID: String)
}
