/// The status of a call, by gRPC's names and numbers (google.rpc.Code), and what each is in JSON-RPC, HTTP and the shell.
///
/// This is the one table: code of the error object, HTTP status when the transport itself refuses, and exit code of
/// the command line (64 + the gRPC number).
public enum RPCStatus: Int, CaseIterable, Hashable, Sendable {
  case cancelled = 1
  case unknown = 2
  case invalidArgument = 3
  case deadlineExceeded = 4
  case notFound = 5
  case alreadyExists = 6
  case permissionDenied = 7
  case resourceExhausted = 8
  case failedPrecondition = 9
  case aborted = 10
  case outOfRange = 11
  case unimplemented = 12
  case `internal` = 13
  case unavailable = 14
  case dataLoss = 15
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
