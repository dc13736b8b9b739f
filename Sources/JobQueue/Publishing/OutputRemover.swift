import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Deletes an ended job with its files: the output's visible name only where it still shows this job's result.
public struct OutputRemover: Sendable {
  private let folder: DataFolder
  private let store: any JobStore

  public init(folder: DataFolder, store: any JobStore) {
    self.folder = folder
    self.store = store
  }

  /// May be repeated: what a death has interrupted is finished by the next call, or by the janitor.
  ///
  /// - Throws: ``JobStoreError``; ``SystemCallError``; ``OutputBusy`` when another holder keeps the output's lock.
  public func delete(_ job: JobRecord) async throws {
    if let result = job.result {
      guard let lock = try await OutputLock.take(job.spec.output, in: folder) else { throw OutputBusy() }
      defer { withExtendedLifetime(lock) {} }
      // Under the lock, so that nobody publishes a newer result in between.
      if try await store.newestCommitted(output: job.spec.output)?.id == job.id {
        try removeVisible(job.spec.output, showing: result.file)
      }
      // A later job need not have written any: only a name that still shows this job's own is removed.
      if let rejects = job.spec.rejectsName { try removeVisible(rejects, showing: result.rejectsFile) }
      Failpoint.deleteUnlinked.reach()
      try await store.delete(job.id)
      Failpoint.deleteForgotten.reach()
      try removeResult(result)
    } else {
      try await store.delete(job.id)
    }
  }

  private func removeVisible(_ output: String, showing result: String) throws {
    // Where the folder has gone, nothing visible is ours.
    guard folder.shows(result, as: output), let (parent, name) = try? folder.openParent(of: output) else { return }
    try check("unlink", unlinkat(parent.descriptor, name, 0))
    try parent.synchronize()
  }

  private func removeResult(_ result: CommittedResult) throws {
    guard let (parent, name) = try? folder.openParent(of: result.file) else { return }
    unlinkat(parent.descriptor, name, 0)
    unlinkat(parent.descriptor, name + ".rejects", 0)
  }
}

/// Another holder keeps the output's lock for too long.
public struct OutputBusy: Error, Hashable, Sendable {}
