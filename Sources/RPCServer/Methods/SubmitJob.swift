import JobQueue
import Schema

extension JobMethods {
  /// `submitJob`: checks what can be checked at once, and answers when the job is on disk.
  func submit(_ parameters: SubmitParameters, _ context: RPCContext) async throws -> JobStatus {
    let submission = JobSubmission(
      owner: context.owner, spec: parameters.spec, idempotencyKey: parameters.idempotencyKey)
    // A repeated call is answered before anything is checked: its input may be gone by now.
    let known =
      if let key = parameters.idempotencyKey {
        try await store.job(owner: context.owner, idempotencyKey: key)
      } else {
        JobRecord?.none
      }
    if known == nil { try check(parameters.spec) }
    return try await store.submit(submission).status
  }

  private func check(_ spec: JobSpec) throws {
    if spec.memoryBytes > memory.totalBytes {
      throw RPCError.invalidParameters(
        "'memoryBytes' is \(spec.memoryBytes), and all jobs of this server share \(memory.totalBytes) (--memory).",
        field: "memoryBytes")
    }
    var field = "input"
    do throws(JobFailure) {
      let inputs = try folder.openInputs(spec, limits: limits)
      field = "output"
      for input in inputs {
        for name in spec.outputs { try folder.checkOutput(name, input: input.file) }
      }
    } catch {
      throw RPCError(error, field: field)
    }
  }
}
