import JobQueue
import Processor
import Schema

extension JobMethods {
  /// `getStatus`.
  func status(_ parameters: JobParameters, _ context: RPCContext) async throws -> JobStatus {
    try await find(parameters.jobID, for: context).status
  }

  /// `cancelJob`: a running job ends within a second of the answer.
  func cancel(_ parameters: JobParameters, _ context: RPCContext) async throws -> JobStatus {
    let job = try await find(parameters.jobID, for: context)
    return try await store.requestCancel(job.id, by: context.owner)?.status ?? job.status
  }

  /// `listJobs`.
  func list(_ parameters: ListParameters, _ context: RPCContext) async throws -> JobPage {
    let query = JobQuery(
      owner: context.owner, states: parameters.states, outputPrefix: parameters.output,
      createdFrom: parameters.createdFrom, createdBefore: parameters.createdBefore, pageSize: parameters.pageSize,
      pageToken: parameters.pageToken)
    let listing = try await store.list(query)
    let counts = parameters.counts ? try await store.counts(owner: context.owner) : nil
    return JobPage(jobs: listing.jobs.map(\.status), nextPageToken: listing.nextPageToken, counts: counts)
  }

  /// `getResult`: also the first rows, for people to look at.
  func result(_ parameters: JobParameters, _ context: RPCContext) async throws -> ResultSummary {
    let job = try await find(parameters.jobID, for: context)
    guard let committed = job.result, let result = job.status.result else {
      throw RPCError(
        .failedPrecondition, reason: "JOB_NOT_SUCCEEDED", "The job is \(job.state.rawValue): it has no result.",
        field: "jobId")
    }
    let bytes: [UInt8]
    do {
      bytes = try folder.openResult(committed).read(at: 0, bytes: 65_536)
    } catch {
      throw RPCError(.dataLoss, reason: "RESULT_GONE", "The result's file can't be read (\(error)).")
    }
    let rows = CSVPreview.rows(
      bytes, isWhole: bytes.count == committed.bytes, dialect: job.spec.csv.output, rowsMost: 21)
    return ResultSummary(result: result, firstRows: rows)
  }
}
