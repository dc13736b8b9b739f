public import JobQueue
public import Storage
import TallySchema

/// Deletes an ended job with its files: the output's visible name only where it still shows this job's result.
public struct OutputRemover: Sendable {
  private let storage: any OutputStorage
  private let store: any JobStore

  public init(storage: any OutputStorage, store: any JobStore) {
    self.storage = storage
    self.store = store
  }

  /// May be repeated: what a death has interrupted is finished by the next call, or by the janitor.
  ///
  /// - Throws: ``JobStoreError``; ``SystemCallError``; ``OutputBusy`` when another holder keeps the output's lock.
  public func delete(_ job: JobRecord) async throws {
    guard let result = job.result else { return try await store.delete(job.id) }
    if let output = job.spec.output {
      guard let hold = try await storage.hold(output, atMostMilliseconds: OutputPublisher.holdMilliseconds) else {
        throw OutputBusy()
      }
      defer { withExtendedLifetime(hold) {} }
      // Under the lock, so that nobody publishes a newer result in between.
      if try await store.newestCommitted(output: output)?.id == job.id {
        try storage.hide(output, showing: result.file)
      }
      // A later job need not have written any: only a name that still shows this job's own is removed.
      if let rejects = job.spec.rejectsName { try storage.hide(rejects, showing: result.rejectsFile) }
      try await forget(job, result)
    } else {
      try await forget(job, result)
    }
  }

  private func forget(_ job: JobRecord, _ result: CommittedResult) async throws {
    Failpoint.deleteUnlinked.reach()
    try await store.delete(job.id)
    Failpoint.deleteForgotten.reach()
    storage.removeResult(result.file, of: job.id)
  }
}

/// Another holder keeps the output's lock for too long.
public struct OutputBusy: Error, Hashable, Sendable {}
