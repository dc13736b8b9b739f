import JobQueue
import Processor
import TallySchema

/// The methods of the job service. Each has a file of its own; this one holds what they share.
struct JobMethods: Sendable {
  let store: any JobStore
  let folder: DataFolder
  let memory: MemoryPool
  let hub: ProgressHub
  let files: FileWork
  let limits: Limits

  /// Adds all of them to a router.
  func register(in router: inout RPCRouter) throws {
    try router.register(Jobs.submit) { call, context in
      try await callingStore { try await submit(call, context) }
    }
    try router.register(Jobs.status) { call, context in
      try await callingStore { try await status(call, context) }
    }
    try router.register(
      Jobs.progress, opening: { call, context in try await callingStore { try await open(call, context) } }
    ) {
      call, context, writer in
      try await callingStore { try await progress(call, context, writer) }
    }
    try router.register(Jobs.cancel) { call, context in
      try await callingStore { try await cancel(call, context) }
    }
    try router.register(Jobs.list) { call, context in
      try await callingStore { try await list(call, context) }
    }
    try router.register(Jobs.result) { call, context in
      try await callingStore { try await result(call, context) }
    }
    try router.register(
      Jobs.watch, opening: { call, context in try await callingStore { try await open(call, context) } }
    ) {
      call, context, writer in
      try await callingStore { try await watch(call, context, writer) }
    }
    try router.register(Jobs.events) { call, context in
      try await callingStore { try await events(call, context) }
    }
    try router.register(Jobs.retry) { call, context in
      try await callingStore { try await retry(call, context) }
    }
    try router.register(Jobs.delete) { call, context in
      try await callingStore { try await delete(call, context) }
    }
    try router.register(Jobs.inputs) { call, context in
      try await callingStore { try await inputs(call, context) }
    }
    try router.register(Jobs.describe) { call, context in
      try await callingStore { try await describe(call, context) }
    }
  }

  /// The caller's job of that ID. Another owner's job isn't there.
  ///
  /// - Throws: ``RPCError`` NOT_FOUND.
  func find(_ id: String, for context: RPCContext) async throws -> JobRecord {
    guard let job = try await store.job(id, of: context.owner) else { throw JobMethods.notFound(id) }
    return job
  }

  /// What a caller is told of a job that isn't there, or isn't its own.
  static func notFound(_ id: String, field: String? = "jobId") -> RPCError {
    RPCError(.notFound, reason: "JOB_NOT_FOUND", "There is no job '\(Excerpt.of(id))'.", field: field)
  }
}

extension RPCError {
  /// A store's refusal.
  init(_ error: JobStoreError) {
    switch error {
    case .idempotencyKeyReused(let jobID):
      self.init(
        .alreadyExists, reason: "IDEMPOTENCY_KEY_REUSED",
        "The idempotency key belongs to the job \(jobID), which asks for something else. Use another key.",
        field: "idempotencyKey")
    case .outputReserved(let name, let jobID):
      self.init(
        .failedPrecondition, reason: "OUTPUT_RESERVED",
        "The unfinished job \(jobID) writes '\(name)'. Wait for it, cancel it, or name another output.", field: "output"
      )
    case .outputIsInput(let name, let jobID):
      self.init(
        .failedPrecondition, reason: "OUTPUT_IS_INPUT",
        "The unfinished job \(jobID) reads '\(name)'. An output never overwrites an input.", field: "output")
    case .tooManyJobs(let limit):
      self.init(
        .resourceExhausted, reason: "TOO_MANY_JOBS",
        "\(limit) jobs are unfinished, which is the limit (unfinishedJobs). Try again when some have ended.",
        retryAfterMilliseconds: 5_000)
    case .unknownPageToken:
      self = .invalidParameters("'pageToken' isn't from a page of this list.", field: "pageToken")
    case .wrongState(let jobID, let state):
      self.init(
        .failedPrecondition, reason: "WRONG_STATE", "The job \(jobID) is \(state.rawValue), which doesn't allow this.",
        field: "jobId")
    case .notFound(let jobID):
      self = JobMethods.notFound(jobID)
    }
  }

  /// What is wrong with a file, as the error of a call.
  init(_ failure: JobFailure, field: String) {
    self.init(failure.status, reason: failure.reason, failure.message, field: field)
  }
}

extension StoreUnavailable {
  /// For callers: what is wrong, without where the store is.
  var publicDescription: String {
    switch reason {
    case "STORE_FULL": "The job store can't be written: its disk is full."
    case "STORE_READ_ONLY": "The job store can't be written: it is read-only."
    case "STORE_FAILED": "The job store can't be written: its disk fails. The server's log says more."
    default: "The job store doesn't answer. The server's log says why."
    }
  }
}

/// Runs the body; a store's refusal, or its absence, becomes an error of the call.
func callingStore<Value>(_ body: () async throws -> Value) async throws -> Value {
  do {
    return try await body()
  } catch let error as JobStoreError {
    throw RPCError(error)
  } catch let error as StoreUnavailable {
    // What the store says names its host, its user and its files: that is for the server's log.
    throw RPCError(
      .unavailable, reason: error.reason, "\(error.publicDescription) Nothing is lost; try again.",
      retryAfterMilliseconds: 1_000)
  }
}
