import TallySchema

extension RPCMethod {
  /// Whether a call with these parameters may be sent again when its answer was lost.
  func isRepeatable(_ parameters: JSONValue) -> Bool {
    switch idempotency {
    case .safe, .idempotent: true
    case .withKey: parameters["idempotencyKey"] != nil
    }
  }
}

extension RPCValue {
  /// - Throws: ``RPCClientError`` UNEXPECTED_RESULT where it isn't what the method's result should be.
  init(resultOf method: String, _ json: JSONValue) throws(RPCClientError) {
    do {
      self = try Self(json: json)
    } catch {
      throw .unexpected(
        "UNEXPECTED_RESULT", "The server's answer to \(method) isn't what it should be: \(error).")
    }
  }
}
