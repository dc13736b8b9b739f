public import TallySchema

/// Finds the principal of a request by its `Authorization` field (RFC 6750, section 2.1): today by the one token that a
/// server may ask for.
public struct TokenVerifier: Sendable {
  /// Nil: everyone may call.
  private let token: Secret?

  /// - Parameter token: nil or empty: everyone may call.
  public init(token: Secret?) { self.token = token.flatMap { $0.text.isEmpty ? nil : $0 } }

  /// The principal that the caller is; nil: an unknown one.
  public func principal(authorization: String?) -> Principal? {
    guard let token else { return .local }
    let scheme = "bearer ".utf8
    // By bytes: the text is anybody's.
    guard let bytes = authorization?.utf8, bytes.count > scheme.count,
      zip(bytes, scheme).allSatisfy({ $0 == $1 || $0 | 0x20 == $1 })
    else { return nil }
    let isSpace: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    let sent = Array(bytes.dropFirst(scheme.count).drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    return TokenVerifier.isEqual(sent, Array(token.text.utf8)) ? .local : nil
  }

  /// Takes as long for every wrong token of a length, wherever it differs.
  static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
