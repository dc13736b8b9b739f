import HTTPTypes
import HummingbirdCore
import Schema

/// The one token that a server may ask for (RFC 6750): who has it is its owner.
struct TokenAuth: Sendable {
  /// Nil: everyone may call.
  private let token: [UInt8]?

  init(token: String?) { self.token = token.flatMap { $0.isEmpty ? nil : Array($0.utf8) } }

  /// The owner that the caller is; nil: an unknown one.
  func owner(authorization: String?) -> String? {
    let owner = RPCContext().owner
    guard let token else { return owner }
    guard let authorization, authorization.prefix(7).lowercased() == "bearer " else { return nil }
    return TokenAuth.isEqual(Array(authorization.dropFirst(7).trimmed.utf8), token) ? owner : nil
  }

  /// Takes as long for every wrong token of a length, wherever it differs.
  static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }

  static var refusal: Response {
    HTTPAnswers.refusal(
      .unauthorized,
      RPCError(.unauthenticated, reason: "TOKEN_REQUIRED", "Send the server's token: Authorization: Bearer …."),
      headers: [.wwwAuthenticate: "Bearer"], closes: true)
  }
}
