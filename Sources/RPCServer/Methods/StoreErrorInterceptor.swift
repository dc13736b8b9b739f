import JobQueue
import TallySchema

/// Turns a store's refusal, or its absence, into an error of the call. Routes that are no calls use the same rule.
struct StoreErrorInterceptor: RPCInterceptor {
  func intercept(
    _ call: RPCCall, _ descriptor: any RPCDescriptor, _ writer: any RPCEventWriter, next: Next
  ) async throws -> RPCAnswer {
    try await StoreErrorInterceptor.translating { try await next(call, writer) }
  }

  func interceptOpening(
    _ call: RPCCall, next: @Sendable (RPCCall) async throws -> StreamOpening
  ) async throws -> StreamOpening {
    try await StoreErrorInterceptor.translating { try await next(call) }
  }

  /// Runs the body; an error that isn't the store's stays as it is.
  static func translating<Value>(_ body: () async throws -> Value) async throws -> Value {
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
    case .uploadNotFound(let id):
      self.init(
        .notFound, reason: "INPUT_NOT_FOUND",
        "There is no upload '\(Excerpt.of(id))'. It may have expired: upload the file again.", field: "input")
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
    case .unreadable(let jobID):
      self.init(
        .failedPrecondition, reason: "JOB_UNREADABLE",
        "The job \(jobID) was submitted by another version of the server. Ask a server of that version.", field: "jobId"
      )
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
