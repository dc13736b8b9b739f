import HTTPTypes
import HummingbirdCore
import TallySchema

/// The one token that a server may ask for (RFC 6750): who has it is its owner.
struct TokenAuth: Sendable {
  /// Nil: everyone may call.
  private let token: Secret?

  init(token: String?) { self.token = token.flatMap { $0.isEmpty ? nil : Secret($0) } }

  /// The owner that the caller is; nil: an unknown one.
  func owner(authorization: String?) -> String? {
    let owner = RPCContext().owner
    guard let token else { return owner }
    let scheme = "bearer ".utf8
    // By bytes: the text is anybody's.
    guard let bytes = authorization?.utf8, bytes.count > scheme.count,
      zip(bytes, scheme).allSatisfy({ $0 == $1 || $0 | 0x20 == $1 })
    else { return nil }
    return TokenAuth.isEqual(Array(Substring(bytes.dropFirst(scheme.count)).trimmed.utf8), Array(token.text.utf8))
      ? owner : nil
  }

  /// Takes as long for every wrong token of a length, wherever it differs.
  static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }

  static func refusal(authorization: String?) -> Response {
    let sent = authorization == nil ? "" : "What was sent in Authorization isn't the server's token. "
    return HTTPAnswers.refusal(
      .unauthorized,
      RPCError(
        .unauthenticated, reason: "TOKEN_REQUIRED", sent + "Send the server's token: Authorization: Bearer …."),
      headers: [.wwwAuthenticate: "Bearer"], closes: true)
  }
}
