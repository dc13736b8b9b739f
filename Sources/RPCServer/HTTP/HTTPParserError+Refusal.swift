import HTTPTypes
import NIOHTTP1
import TallySchema

extension HTTPParserError {
  /// The answer to a request that the parser, or ``RequestHeadGuard`` in its name, has refused.
  func refusal(_ limits: Limits) -> (status: HTTPResponse.Status, error: RPCError) {
    if self == .headerOverflow {
      return (.requestHeaderFieldsTooLarge, HeaderListLimit.error(limits))
    }
    return (.badRequest, RPCError(.invalidArgument, reason: "INVALID_HTTP", sentence, code: 3))
  }

  private var sentence: String {
    switch self {
    case RequestHeadGuard.wrongHost: "A request names its host once, in the field Host (RFC 9112, section 3.2)."
    case .invalidURL: "The request's target is of another host than its field Host (RFC 9112, section 3.2)."
    case .invalidHeaderToken: "The request's head holds an invalid field, or a transfer coding that isn't chunked."
    default: "This is no valid HTTP request (\(self))."
    }
  }
}
