import JobQueue
import Processor
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
    let publisher = OutputPublisher(folder: folder, store: store)
    let cancelled =
      job.isPublishing
      ? try await files.runWaiting {
        try await publisher.abandoning(job.spec.output) { try await store.requestCancel(job.id, by: context.owner) }
      }
      : try await store.requestCancel(job.id, by: context.owner)
    return (cancelled ?? job).status
  }

  /// `listJobs`.
  func list(_ parameters: ListParameters, _ context: RPCContext) async throws -> JobPage {
    let query = JobQuery(
      owner: context.owner, states: parameters.states, outputPrefix: parameters.output,
      createdFrom: parameters.createdFrom, createdBefore: parameters.createdBefore, pageSize: parameters.pageSize,
      pageToken: parameters.pageToken)
    let listing = try await store.list(query)
    let counts = parameters.counts ? try await store.counts(owner: context.owner) : nil
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
      bytes = try await files.run { _ in try folder.openResult(committed).read(at: 0, bytes: 65_536) }
    } catch let error as SystemCallError {
      throw RPCError(.dataLoss, reason: "RESULT_GONE", "The result's file can't be read (\(error)).")
    }
    let rows = CSVPreview.rows(
      bytes, isWhole: bytes.count == committed.bytes, dialect: job.spec.csv.output, rowsMost: 21,
      columnsMost: limits.columns)
    return ResultSummary(result: result, firstRows: rows)
  }
}
