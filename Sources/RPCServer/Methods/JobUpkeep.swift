import JobQueue
import JobRunner
import Processor
import Storage
import TallySchema

extension JobMethods {
  /// `retryJob`.
  func retry(_ parameters: JobParameters, _ context: RPCContext) async throws -> JobStatus {
    let job = try await find(parameters.jobID, for: context)
    if job.unreadable != nil { throw RPCError(.unreadable(jobID: job.id)) }
    guard job.state == .failed || job.state == .cancelled else {
      throw RPCError(
        .failedPrecondition, reason: "JOB_NOT_RETRYABLE",
        "The job is \(job.shownState.rawValue). Only a failed or cancelled job is retried.", field: "jobId")
    }
    let existing = try await files.run { [outputs] _ in
      try job.spec.outputs.filter { try outputs.identity(of: $0) != nil }
    }
    return try await store.retry(job.id, by: context.owner, existingOutputs: existing).status
  }

  /// `deleteJob`: the status is the job's last.
  func delete(_ parameters: JobParameters, _ context: RPCContext) async throws -> JobStatus {
    let job = try await find(parameters.jobID, for: context)
    guard job.shownState.isFinal else {
      throw RPCError(
        .failedPrecondition, reason: "JOB_NOT_ENDED", "The job is \(job.shownState.rawValue). Cancel it first.",
        field: "jobId")
    }
    do {
      let remover = OutputRemover(storage: outputs, store: store)
      try await files.runTask { try await remover.delete(job) }
    } catch is OutputBusy {
      throw RPCError(
        .unavailable, reason: "OUTPUT_BUSY", "The output '\(job.spec.output ?? "")' is being published. Try again.",
        retryAfterMilliseconds: 1_000)
    }
    return job.status
  }

  /// `listEvents`.
  func events(_ parameters: EventsParameters, _ context: RPCContext) async throws -> JobLogPage {
    let job = try await find(parameters.jobID, for: context)
    let found = try await store.log(of: job.id, after: parameters.after, most: parameters.pageSize + 1)
    return JobLogPage(events: Array(found.prefix(parameters.pageSize)), hasMore: found.count > parameters.pageSize)
  }

  /// `listInputs`.
  func inputs(_ parameters: ListInputsParameters, _ context: RPCContext) async throws -> InputPage {
    let entries = try await walks.run { interruption in
      do throws(JobFailure) {
        try inputs.checkInPlace()
      } catch {
        throw RPCError(error, field: "prefix")
      }
      return try inputs.list(
        prefix: parameters.prefix, after: parameters.pageToken, most: parameters.pageSize + 1,
        isStopping: { interruption.isSet })
    }
    let page = entries.prefix(parameters.pageSize)
    return InputPage(
      inputs: page.map { InputPage.Input(name: $0.name, bytes: $0.bytes, modifiedAt: $0.modifiedAt) },
      nextPageToken: entries.count > page.count ? page.last?.name : nil)
  }
}
