import JobQueue
import JobRunner
import Processor
import Storage
import TallySchema

extension JobMethods {
  /// `getStatus`.
  func status(_ parameters: JobParameters, _ context: RPCContext) async throws -> JobStatus {
    try await find(parameters.jobID, for: context).status
  }

  /// `cancelJob`: a running job ends within a second of the answer; of one that is being published, the publication is
  /// given up.
  func cancel(_ parameters: JobParameters, _ context: RPCContext) async throws -> JobStatus {
    let job = try await find(parameters.jobID, for: context)
    let asked = try await store.requestCancel(job.id, by: context.owner) ?? job
    return try await asked.isPublishing ? abandonPublication(of: asked, context).status : asked.status
  }

  /// How long a cancellation waits for whoever publishes the output at this moment; one that was stopped, or that waits for a
  /// disk, doesn't hold it up.
  private static let publisherMilliseconds = 1_000

  private func abandonPublication(of job: JobRecord, _ context: RPCContext) async throws -> JobRecord {
    let end = ContinuousClock.now + .milliseconds(JobMethods.publisherMilliseconds)
    var held: HeldOutput?
    while held == nil, ContinuousClock.now < end {
      let found = try? await files.run(atMostMilliseconds: JobMethods.publisherMilliseconds) { [outputs] _ in
        try HeldOutput(of: job, in: outputs)
      }
      held = found?.flatMap { $0 }
      if held == nil { try await Task.sleep(for: .milliseconds(20)) }
    }
    defer { withExtendedLifetime(held) {} }
    if held?.showsResult == true, let result = job.result {
      try await store.markPublished(job.id, generation: result.generation)
    }
    return try await store.abandonPublication(job.id, by: context.owner)
  }

  /// `listJobs`.
  func list(_ parameters: ListParameters, _ context: RPCContext) async throws -> JobPage {
    let query = JobQuery(
      owner: context.owner, states: parameters.states, outputPrefix: parameters.output,
      includesUnnamed: parameters.unnamed,
      createdFrom: parameters.createdFrom, createdBefore: parameters.createdBefore, pageSize: parameters.pageSize,
      pageToken: parameters.pageToken)
    let listing = try await store.list(query)
    let counts =
      parameters.counts ? try await store.counts(owner: context.owner, includesUnnamed: parameters.unnamed) : nil
    var page = JobPage(jobs: [], nextPageToken: listing.nextPageToken, counts: counts)
    var bytes = 0
    for job in listing.jobs {
      let status = job.status
      bytes += status.json.bytes.count + 1
      // Ended early, with its token, so that the answer isn't larger than answers may be.
      if bytes > limits.responseBytes / 2, let last = page.jobs.last {
        page.nextPageToken = listing.jobs.first { $0.id.hasSameBytes(as: last.jobID) }.map {
          JobPageToken($0).description
        }
        break
      }
      page.jobs.append(status)
    }
    return page
  }

  /// `getResult`: also the first rows, for people to look at.
  func result(_ parameters: JobParameters, _ context: RPCContext) async throws -> ResultSummary {
    let job = try await find(parameters.jobID, for: context)
    let status = job.status
    guard let committed = job.result, let result = status.result else {
      throw RPCError(
        .failedPrecondition, reason: "JOB_NOT_SUCCEEDED", "The job is \(status.state.rawValue): it has no result.",
        field: "jobId")
    }
    let bytes: [UInt8]
    do {
      bytes = try await files.run { _ in try outputs.openResult(committed.file).read(at: 0, bytes: 65_536) }
    } catch  where !(error is CancellationError) {
      throw RPCError(.dataLoss, reason: "RESULT_GONE", "The result's file can't be read (\(error)).")
    }
    let rows = job.spec.makeFormat().firstRows(
      of: bytes, isWhole: bytes.count == committed.bytes, most: 21, columnsMost: limits.columns)
    return ResultSummary(result: result, firstRows: rows)
  }
}
