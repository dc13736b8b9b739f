public import TallySchema

/// What becomes of a job, and when: pure, values in and values out. Every store applies these inside its transactions,
/// so that no store has rules of its own.
public struct JobLifecycle: Sendable {
  public var leaseMilliseconds: Int
  /// Errors after which a job has failed.
  public var attemptsMost: Int
  /// Deaths of its workers after which a job has failed.
  public var rescuesMost: Int

  public init(limits: Limits) {
    leaseMilliseconds = limits.leaseMilliseconds
    attemptsMost = limits.attempts
    rescuesMost = limits.rescues
  }

  /// A worker's write: carried out, or refused because its epoch isn't the current one.
  public enum WorkerWrite: Equatable, Sendable {
    case applied(JobRecord)
    /// Nothing may change: the job as it is now.
    case stale(JobRecord)
  }

  public enum Claim: Equatable, Sendable {
    case run(JobRecord)
    /// The claim has ended the job: it was cancelled, or rescued too often.
    case ended(JobRecord)
    case notYet
  }

  /// A new job.
  public static func admit(_ submission: JobSubmission, id: String, now: Timestamp) -> JobRecord {
    let startAt = submission.spec.startAt ?? now
    // Whether uploads are complete is looked at after that.
    let readyAt = submission.spec.readsUploads ? .whenUploaded : max(startAt, now)
    var job = JobRecord(
      id: id, owner: submission.owner, idempotencyKey: submission.idempotencyKey, spec: submission.spec,
      state: readyAt > now ? .waiting : .queued, createdAt: now, readyAt: readyAt)
    job.sequence = 1
    return job
  }

  /// Queues a waiting job whose time has come; nil: it hasn't.
  public func wake(_ job: JobRecord, now: Timestamp) -> JobRecord? {
    guard job.state == .waiting, job.readyAt <= now else { return nil }
    return changed(job) { $0.state = .queued }
  }

  /// Gives a job to a worker. Expiry of a lease only permits this: the epoch goes up here and nowhere else.
  public func claim(_ job: JobRecord, worker: String, now: Timestamp) -> Claim {
    var job = job
    switch job.state {
    case .queued where job.readyAt <= now: break
    case .running:
      guard let lease = job.lease, lease.expiresAt < now else { return .notYet }
      job.rescues += 1
      if job.cancelRequested { return .ended(ended(job, .cancelled, now: now)) }
      if job.rescues > rescuesMost { return .ended(ended(job, .failed, error: rescuedTooOften(job), now: now)) }
    default: return .notYet
    }
    return .run(
      changed(job) {
        $0.state = .running
        $0.epoch += 1
        $0.startedAt = now
        $0.progress = JobProgress(phase: .reading)
        $0.lease = JobLease(worker: worker, expiresAt: now + leaseMilliseconds)
      })
  }

  /// Extends the lease and takes the worker's progress, which never goes back within a run.
  public func renew(_ job: JobRecord, epoch: Int, progress: JobProgress, now: Timestamp) -> WorkerWrite {
    fenced(job, epoch) { job in
      job.lease?.expiresAt = now + leaseMilliseconds
      guard job.progress != progress, progress.bytesRead >= job.progress.bytesRead, progress.rows >= job.progress.rows
      else { return }
      job.progress = progress
      job.sequence += 1
    }
  }

  /// The one decision: succeeded with this result, unless a cancellation was asked for before.
  public func commit(_ job: JobRecord, epoch: Int, result: CommittedResult, progress: JobProgress, now: Timestamp)
    -> WorkerWrite
  {
    fenced(job, epoch) { job in
      if job.cancelRequested {
        job = ended(job, .cancelled, now: now)
      } else {
        job.progress = progress
        job.result = result
        job.publication = job.spec.output == nil ? .impossible : .pending
        job = ended(job, .succeeded, now: now)
      }
    }
  }

  /// Ends a run that met an error: the job is queued again when another run may do better, else it has failed.
  public func fail(_ job: JobRecord, epoch: Int, failure: JobFailure, now: Timestamp) -> WorkerWrite {
    fenced(job, epoch) { job in
      if JobLifecycle.isMachinesOwn(failure), !job.cancelRequested {
        job = queuedAgain(job, readyAt: now + JobLifecycle.backoffMilliseconds(attempts: 1, id: job.id))
        job.error = failure
        return
      }
      job.attempts += 1
      var failure = failure
      failure.attempt = job.attempts
      if job.cancelRequested {
        job = ended(job, .cancelled, now: now)
      } else if JobLifecycle.mayPass(failure), job.attempts < attemptsMost {
        job = queuedAgain(job, readyAt: now + JobLifecycle.backoffMilliseconds(attempts: job.attempts, id: job.id))
        job.error = failure
      } else {
        job = ended(job, .failed, error: failure, now: now)
      }
    }
  }

  /// Gives a job back that its worker won't finish because it stops: at no cost to the job's counters.
  public func release(_ job: JobRecord, epoch: Int, now: Timestamp) -> WorkerWrite {
    fenced(job, epoch) { job in
      job = job.cancelRequested ? ended(job, .cancelled, now: now) : queuedAgain(job, readyAt: job.readyAt)
    }
  }

  /// Asks for a job's end. A job that nobody runs has ended at once; one whose result is committed stays as it is.
  public func requestCancel(_ job: JobRecord, now: Timestamp) -> JobRecord {
    switch job.state {
    // A state that another version has written is left to that version.
    case .succeeded, .failed, .cancelled, .other: return job
    case .waiting, .queued: return ended(job, .cancelled, now: now)
    case .running: return job.cancelRequested ? job : changed(job) { $0.cancelRequested = true }
    }
  }

  /// Queues a failed or cancelled job again, with its counters anew; its epoch goes on. Nil for every other state, and for a
  /// job whose question can't be read.
  public func retry(_ job: JobRecord, now: Timestamp) -> JobRecord? {
    guard job.state == .failed || job.state == .cancelled, job.unreadable == nil else { return nil }
    return changed(job) {
      $0.state = job.spec.readsUploads ? .waiting : .queued
      $0.readyAt = job.spec.readsUploads ? .whenUploaded : now
      $0.finishedAt = nil
      $0.attempts = 0
      $0.rescues = 0
      $0.cancelRequested = false
      $0.progress = JobProgress()
      $0.error = nil
    }
  }

  /// Whether a job may be forgotten: it has ended, and nothing of it is still to be published.
  public func mayDelete(_ job: JobRecord) -> Bool { job.shownState.isFinal }

  /// The output's name shows the result of that generation. That is told also where a caller had abandoned the publication
  /// while a publisher that was stopped had the name's lock.
  public func publish(_ job: JobRecord, generation: Int, now: Timestamp) -> JobRecord {
    let isAbandoned = job.publication == .impossible && job.error?.reason == JobLifecycle.publicationCancelled
    guard job.isPublishing || isAbandoned, job.result?.generation == generation else { return job }
    return changed(job) {
      $0.publication = .published
      if job.isPublishing { $0.finishedAt = now }
      $0.error = nil
    }
  }

  /// The output's name can't show the result yet, and why.
  public func delayPublishing(_ job: JobRecord, generation: Int, failure: JobFailure) -> JobRecord {
    guard job.isPublishing, job.result?.generation == generation, job.error != failure else { return job }
    return changed(job) { $0.error = failure }
  }

  /// Gives up that the output's name shows the result, which stays downloadable.
  public func abandonPublishing(_ job: JobRecord, now: Timestamp) -> JobRecord {
    guard job.isPublishing else { return job }
    return changed(job) {
      $0.publication = .impossible
      $0.finishedAt = now
      $0.error = JobLifecycle.abandonedPublication(of: job)
    }
  }

  private static let publicationCancelled = "PUBLICATION_CANCELLED"

  private static func abandonedPublication(of job: JobRecord) -> JobFailure {
    JobFailure(
      .cancelled, reason: publicationCancelled,
      "The job was cancelled when its result was there and not shown as '\(job.spec.output ?? "")' yet. The result stays "
        + "downloadable under the job's URL.", file: job.spec.output)
  }

  /// The output's name can't show the result, and why.
  public func giveUpPublishing(_ job: JobRecord, generation: Int, failure: JobFailure, now: Timestamp) -> JobRecord {
    guard job.isPublishing, job.result?.generation == generation else { return job }
    return changed(job) {
      $0.publication = .impossible
      $0.finishedAt = now
      $0.error = failure
    }
  }

  /// Whether another run may succeed where this one failed: the machine was to blame, not the input.
  public static func mayPass(_ failure: JobFailure) -> Bool {
    failure.status == .unavailable || failure.reason == "DISK_FULL"
  }

  /// Whether a run met a want of the machine's that has nothing to do with the job, and that passes: it is no attempt.
  public static func isMachinesOwn(_ failure: JobFailure) -> Bool {
    ["NO_DESCRIPTORS", "NO_THREADS", "DATA_FOLDER_GONE"].containsBytes(of: failure.reason)
  }

  /// At most 2, 8, 32 … seconds, at least half of that. Where in between follows from the job's ID, so that jobs which a
  /// full disk has failed together don't come back together.
  public static func backoffMilliseconds(attempts: Int, id: String) -> Int {
    let most = 2_000 << (2 * (min(attempts, 8) - 1))
    return most / 2 + Int((FNV1a.hash(id) >> 32) % UInt64(most / 2))
  }

  private func fenced(_ job: JobRecord, _ epoch: Int, _ change: (inout JobRecord) -> Void) -> WorkerWrite {
    guard job.state == .running, job.epoch == epoch else { return .stale(job) }
    var job = job
    change(&job)
    return .applied(job)
  }

  private func queuedAgain(_ job: JobRecord, readyAt: Timestamp) -> JobRecord {
    changed(job) {
      $0.state = .queued
      $0.lease = nil
      $0.readyAt = readyAt
    }
  }

  func ended(_ job: JobRecord, _ state: JobState, error: JobFailure? = nil, now: Timestamp) -> JobRecord {
    changed(job) {
      $0.state = state
      $0.lease = nil
      $0.finishedAt = now
      $0.error = error
    }
  }

  func changed(_ job: JobRecord, _ change: (inout JobRecord) -> Void) -> JobRecord {
    var job = job
    change(&job)
    job.sequence += 1
    return job
  }

  private func rescuedTooOften(_ job: JobRecord) -> JobFailure {
    JobFailure(
      .aborted, reason: "WORKERS_DIED",
      "The job's workers died \(job.rescues) times; the limit (rescues) is \(rescuesMost). Look into the servers' logs."
    )
  }
}
