/// The status of a call, by gRPC's names and numbers (google.rpc.Code), and what each is in JSON-RPC, HTTP and the shell.
///
/// This is the one table: code of the error object, HTTP status when the transport itself refuses, and exit code of
/// the command line (64 + the gRPC number).
public enum RPCStatus: Int, CaseIterable, Hashable, Sendable {
  /// The caller has ended the call.
  case cancelled = 1
  /// Something that no other status says.
  case unknown = 2
  /// What the caller sent is wrong, whatever the server's state is.
  case invalidArgument = 3
  /// The call took longer than its caller gave it.
  case deadlineExceeded = 4
  /// What the call names isn't there.
  case notFound = 5
  /// What the call would make is there.
  case alreadyExists = 6
  /// The caller may not do this.
  case permissionDenied = 7
  /// A limit is reached.
  case resourceExhausted = 8
  /// The server's state doesn't allow it; repeating the call changes nothing.
  case failedPrecondition = 9
  /// Something else came in between; what it belongs to may be tried again.
  case aborted = 10
  /// A value is larger than what can be represented.
  case outOfRange = 11
  /// The server doesn't know the method.
  case unimplemented = 12
  /// A fault of the server.
  case `internal` = 13
  /// The server can't do it now; the call may be repeated.
  case unavailable = 14
  /// Data that was there is lost or broken.
  case dataLoss = 15
  /// The server doesn't know who calls.
  case unauthenticated = 16

  private static let names: [RPCStatus: String] = [
    .cancelled: "CANCELLED", .unknown: "UNKNOWN", .invalidArgument: "INVALID_ARGUMENT",
    .deadlineExceeded: "DEADLINE_EXCEEDED", .notFound: "NOT_FOUND", .alreadyExists: "ALREADY_EXISTS",
    .permissionDenied: "PERMISSION_DENIED", .resourceExhausted: "RESOURCE_EXHAUSTED",
    .failedPrecondition: "FAILED_PRECONDITION", .aborted: "ABORTED", .outOfRange: "OUT_OF_RANGE",
    .unimplemented: "UNIMPLEMENTED", .internal: "INTERNAL", .unavailable: "UNAVAILABLE", .dataLoss: "DATA_LOSS",
    .unauthenticated: "UNAUTHENTICATED",
  ]

  /// `NOT_FOUND`, `UNAVAILABLE`, …
  public var name: String { RPCStatus.names[self] ?? "UNKNOWN" }

  /// The status of that name, such as `NOT_FOUND`; nil where there is none.
  public init?(name: String) {
    guard let status = RPCStatus.allCases.first(where: { $0.name.hasSameBytes(as: name) }) else { return nil }
    self = status
  }

  /// The error object's code: JSON-RPC's own where it fits, else gRPC's number.
  public var rpcCode: Int {
    switch self {
    case .invalidArgument: RPCError.invalidParametersCode
    case .internal: RPCError.internalCode
    default: rawValue
    }
  }

  /// The HTTP status with which the transport refuses a request for this reason.
  public var httpStatus: Int {
    switch self {
    case .cancelled: 499
    case .invalidArgument, .outOfRange, .failedPrecondition: 400
    case .deadlineExceeded: 504
    case .notFound: 404
    case .alreadyExists, .aborted: 409
    case .permissionDenied: 403
    case .resourceExhausted: 429
    case .unimplemented: 501
    case .unavailable: 503
    case .unauthenticated: 401
    case .unknown, .internal, .dataLoss: 500
    }
  }

  /// The exit code of `rpc-client` when a call fails with it.
  public var exitCode: Int32 { 64 + Int32(rawValue) }
}
