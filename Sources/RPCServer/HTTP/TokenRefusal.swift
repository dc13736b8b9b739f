import HTTPTypes
import HummingbirdCore
import TallySchema

/// What a caller without the server's token is told (RFC 6750, section 3).
enum TokenRefusal {
  static func response(authorization: String?) -> Response {
    let sent = authorization == nil ? "" : "What was sent in Authorization isn't the server's token. "
    return HTTPAnswers.refusal(
      .unauthorized,
      RPCError(
        .unauthenticated, reason: "TOKEN_REQUIRED", sent + "Send the server's token: Authorization: Bearer …."),
      headers: [.wwwAuthenticate: "Bearer"], closes: true)
  }
}
