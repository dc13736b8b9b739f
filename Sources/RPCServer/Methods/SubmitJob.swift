import JobQueue
import JobRunner
import Processor
import Storage
import TallySchema

extension JobMethods {
  /// `submitJob`: checks what can be checked at once, and answers when the job is on disk.
  func submit(_ parameters: SubmitParameters, _ context: RPCContext) async throws -> JobStatus {
    var submission = JobSubmission(
      owner: context.owner, spec: parameters.spec, idempotencyKey: parameters.idempotencyKey)
    // A repeated call is answered before anything is checked: its input may be gone by now.
    let known =
      if let key = parameters.idempotencyKey {
        try await store.job(owner: context.owner, idempotencyKey: key)
      } else {
        JobRecord?.none
      }
    if known == nil {
      _ = try await find(uploads: parameters.spec.uploads, for: context)
      submission.existingOutputs = try await check(parameters.spec)
    }
    return try await store.submit(submission).status
  }

  /// Names that are looked up at once: some microseconds each.
  private static let fewInputs = 4

  /// - Returns: the outputs that stand for files now.
  private func check(_ spec: JobSpec) async throws -> [String] {
    if spec.memoryBytes > memory.totalBytes {
      throw RPCError.invalidParameters(
        "'memoryBytes' is \(spec.memoryBytes), and all jobs of this server share \(memory.totalBytes) (--memory).",
        field: "memoryBytes")
    }
    if spec.inputs.count <= JobMethods.fewInputs, !spec.inputs.contains(where: FileName.isPattern), !spec.readsUploads {
      return try await files.runQuick { try checkFiles(spec, $0) }
    }
    return try await walks.run { try checkFiles(spec, $0) }
  }

  private func checkFiles(_ spec: JobSpec, _ interruption: Interruption) throws -> [String] {
    var field = "input"
    var existing: [String] = []
    do throws(JobFailure) {
      let names = try inputs.inputNames(spec, limits: limits, isStopping: { interruption.isSet })
      for name in names {
        try interruption.check()
        field = "input"
        // Open for a moment: a job may have more inputs than the process has descriptors.
        let file = try inputs.openObject(name)
        field = "output"
        existing = []
        for name in spec.outputs where try outputs.checkOutput(name, input: file) { existing.append(name) }
      }
      return existing
    } catch {
      throw RPCError(error, field: field)
    }
  }
}
