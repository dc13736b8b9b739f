public import JobQueue
import Storage
public import StorageLocal
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
    guard let result = job.result else { return try await store.delete(job.id) }
    if let output = job.spec.output {
      guard let lock = try await OutputLock.take(output, in: folder) else { throw OutputBusy() }
      defer { withExtendedLifetime(lock) {} }
      // Under the lock, so that nobody publishes a newer result in between.
      if try await store.newestCommitted(output: output)?.id == job.id {
        try removeVisible(output, showing: result.file)
      }
      // A later job need not have written any: only a name that still shows this job's own is removed.
      if let rejects = job.spec.rejectsName { try removeVisible(rejects, showing: result.rejectsFile) }
      try await forget(job, result)
    } else {
      try await forget(job, result)
    }
  }

  private func forget(_ job: JobRecord, _ result: CommittedResult) async throws {
    Failpoint.deleteUnlinked.reach()
    try await store.delete(job.id)
    Failpoint.deleteForgotten.reach()
    removeResult(result, of: job.id)
  }

  private func removeVisible(_ output: String, showing result: String) throws {
    // Where the folder has gone, nothing visible is ours.
    guard folder.shows(result, as: output), let (parent, name) = try? folder.openParent(of: output) else { return }
    try check("unlink", unlinkat(parent.descriptor, name, 0))
    try parent.synchronize()
  }

  private func removeResult(_ result: CommittedResult, of job: String) {
    guard let (parent, name) = try? folder.openParent(of: result.file) else { return }
    unlinkat(parent.descriptor, name, 0)
    unlinkat(parent.descriptor, name + ".rejects", 0)
    // With the job's folder, where that was all of it: a result of an older run is left to the janitor.
    if let results = try? folder.openOwn("results") { unlinkat(results.descriptor, job, AT_REMOVEDIR) }
  }
}

/// Another holder keeps the output's lock for too long.
public struct OutputBusy: Error, Hashable, Sendable {}
