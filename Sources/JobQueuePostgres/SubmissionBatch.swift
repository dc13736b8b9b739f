import JobQueue
import TallySchema
import Uploads

/// Decides about submissions that share a transaction, one after the other, as if each had one of its own. Pure.
struct SubmissionBatch {
  struct Item: Sendable {
    /// Made before the insert, so that a lost reply is settled by reading back.
    var id: String
    var submission: JobSubmission
  }

  /// An owner's idempotency key.
  struct Key: Hashable, Sendable {
    var owner: String
    /// Bytes: for Swift, other spellings of a character are equal.
    var key: [UInt8]
  }

  let now: Timestamp
  let unfinishedMost: Int
  /// Jobs that haven't ended; those that are admitted count.
  var unfinished: Int
  /// Jobs that a former try has inserted, by their IDs.
  var inserted: [String: JobRecord]
  var keys: [Key: JobRecord]
  /// Who writes a name, and who reads it, by the name's bytes.
  var names: SpecNames
  /// What the jobs may read of uploads.
  let uploads: [UploadRecord]
  let lifecycle: JobLifecycle
  /// What is to be written: new jobs, and those of them whose uploads are complete, as they are then.
  private(set) var admitted: [JobRecord] = []
  private(set) var woken: [(from: JobRecord, to: JobRecord)] = []

  init(
    now: Timestamp, unfinishedMost: Int, unfinished: Int, inserted: [JobRecord],
    keyed: [JobRecord], names: SpecNames, uploads: [UploadRecord], lifecycle: JobLifecycle
  ) {
    self.uploads = uploads
    self.lifecycle = lifecycle
    self.now = now
    self.unfinishedMost = unfinishedMost
    self.unfinished = unfinished
    self.names = names
    self.inserted = Dictionary(inserted.map { ($0.id, $0) }) { first, _ in first }
    keys = Dictionary(
      keyed.compactMap { job in job.idempotencyKey.map { (Key(owner: job.owner, key: Array($0.utf8)), job) } }
    ) { first, _ in first }
  }

  mutating func decide(_ item: Item) -> Result<JobRecord, JobStoreError> {
    if let job = inserted[item.id] { return .success(job) }
    let submission = item.submission
    let key = submission.idempotencyKey.map { Key(owner: submission.owner, key: Array($0.utf8)) }
    if let key, let job = keys[key] {
      let isSame = job.spec.json.text.utf8.elementsEqual(submission.spec.json.text.utf8)
      return isSame ? .success(job) : .failure(.idempotencyKeyReused(jobID: job.id))
    }
    if let problem = names.problem(of: submission) { return .failure(problem) }
    if unfinished >= unfinishedMost { return .failure(.tooManyJobs(limit: unfinishedMost)) }
    let uploadedAt: Timestamp?
    do {
      uploadedAt = try UploadLifecycle.completion(of: submission.spec.uploads, owner: submission.owner, found: uploads)
    } catch {
      return .failure(error)
    }
    let job = JobLifecycle.admit(submission, id: item.id, now: now)
    unfinished += 1
    admitted.append(job)
    let awake = uploadedAt.flatMap { lifecycle.wake(job, uploadedAt: $0, now: now) }
    if let awake { woken.append((job, awake)) }
    if let key { keys[key] = awake ?? job }
    names.add(job)
    return .success(awake ?? job)
  }
}

/// Who writes and who reads names, among jobs that haven't ended.
struct SpecNames: Sendable {
  private struct Pattern: Sendable {
    var owner: String
    var pattern: String
    var jobID: String
  }

  private var writers: [[UInt8]: String] = [:]
  private var readers: [[UInt8]: String] = [:]
  private var patterns: [Pattern] = []

  /// - Parameter found: with what there is of writers, readers and patterns.
  init(_ found: TransactionResults) {
    for row in found.rows(.writers) { add(row, to: &writers) }
    for row in found.rows(.readers) { add(row, to: &readers) }
    patterns = found.rows(.patterns).compactMap { row in
      guard let owner = row.text("owner"), let pattern = row.text("pattern"), let id = row.text("job_id") else {
        return nil
      }
      return Pattern(owner: owner, pattern: pattern, jobID: id)
    }
  }

  private func add(_ row: PostgresRow, to names: inout [[UInt8]: String]) {
    if let name = row.text("name"), let id = row.text("job_id") { names[Array(name.utf8)] = id }
  }

  mutating func add(_ job: JobRecord) {
    for name in job.spec.outputs { writers[Array(name.utf8)] = job.id }
    for name in job.spec.inputs { readers[Array(name.utf8)] = job.id }
    patterns += job.spec.inputs.filter(FileName.isPattern).map {
      Pattern(owner: job.owner, pattern: $0, jobID: job.id)
    }
  }

  /// One unfinished job for each output name, and none that writes what another reads.
  func problem(of submission: JobSubmission) -> JobStoreError? {
    problem(of: submission.spec.outputs, existing: submission.existingOutputs, owner: submission.owner)
  }

  func problem(of names: [String], existing: [String], owner: String) -> JobStoreError? {
    for name in names {
      if let id = writers[Array(name.utf8)] { return .outputReserved(name: name, jobID: id) }
      if let id = readers[Array(name.utf8)] { return .outputIsInput(name: name, jobID: id) }
    }
    for name in existing {
      let reader = patterns.first {
        $0.owner.hasSameBytes(as: owner) && NamePattern.matches($0.pattern, name)
      }
      if let reader { return .outputIsInput(name: name, jobID: reader.jobID) }
    }
    return nil
  }
}
