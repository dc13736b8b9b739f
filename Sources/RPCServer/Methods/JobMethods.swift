import JobQueue
import JobRunner
import Processor
import Storage
import TallySchema
import Uploads

/// The methods of the job service. Each has a file of its own; this one holds what they share.
struct JobMethods: Sendable {
  let store: any JobStore
  let uploads: any UploadStore
  let inputs: any InputStorage
  let outputs: any OutputStorage
  let memory: MemoryPool
  let hub: ProgressHub
  /// For looks at single files.
  let files: FileWork
  /// For what may take long: walks through folders, looks at many files.
  let walks: FileWork
  let limits: Limits

  /// Adds all of them to a router.
  func register(in router: inout RPCRouter) throws {
    try router.register(Jobs.submit, submit)
    try router.register(Jobs.status, status)
    try router.register(Jobs.progress, opening: open, progress)
    try router.register(Jobs.cancel, cancel)
    try router.register(Jobs.list, list)
    try router.register(Jobs.result, result)
    try router.register(Jobs.watch, opening: open, watch)
    try router.register(Jobs.events, events)
    try router.register(Jobs.retry, retry)
    try router.register(Jobs.delete, delete)
    try router.register(Jobs.inputs, inputs)
    try router.register(Jobs.describe, describe)
  }

  /// The caller's job of that ID. Another owner's job isn't there.
  ///
  /// - Throws: ``RPCError`` NOT_FOUND.
  func find(_ id: String, for context: RPCContext) async throws -> JobRecord {
    guard let job = try await store.job(id, of: context.owner) else { throw JobMethods.notFound(id) }
    return job
  }

  /// Checks that a caller's uploads are there. Another owner's aren't.
  ///
  /// - Throws: ``RPCError`` NOT_FOUND.
  func find(uploads ids: [String], for context: RPCContext) async throws -> [UploadRecord] {
    var found: [UploadRecord] = []
    for id in ids {
      guard let upload = try await uploads.upload(id, of: context.owner), upload.expiredAt == nil else {
        throw RPCError(.uploadNotFound(id: id))
      }
      found.append(upload)
    }
    return found
  }

  /// What a caller is told of a job that isn't there, or isn't its own.
  static func notFound(_ id: String, field: String? = "jobId") -> RPCError {
    RPCError(.notFound, reason: "JOB_NOT_FOUND", "There is no job '\(Excerpt.of(id))'.", field: field)
  }
}
