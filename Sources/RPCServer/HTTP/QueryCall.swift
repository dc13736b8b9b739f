import Schema

/// A call as the query of a GET: `method=getStatus&params={"jobId":"…"}&id=1`.
enum QueryCall {
  /// - Returns: what the query asks: a call, whose ID is `null` where none is given; or an error to answer it with.
  static func read(_ query: String, limits: Limits) -> RPCItem {
    var values: [String: String] = [:]
    for pair in query.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = decoded(parts[0]), let value = decoded(parts.count > 1 ? parts[1] : "") else {
        return .invalid(.null, .invalidRequest("The query isn't percent-encoded UTF-8."))
      }
      guard ["method", "params", "id"].contains(name) else { continue }
      if values.updateValue(value, forKey: name) != nil {
        return .invalid(.null, .invalidRequest("The query names '\(name)' twice."))
      }
    }
    guard let method = values["method"] else {
      return .invalid(.null, .invalidRequest("The query must name a 'method'."))
    }
    // By the same rules as a body: the call is written as one, and read.
    let id = values["id"].map { isJSON($0) ? $0 : JSONValue.string($0).text } ?? "null"
    let parameters = values["params"].map { #","params":\#($0)"# } ?? ""
    let body = Array(#"{"jsonrpc":"2.0","id":\#(id),"method":\#(JSONValue.string(method).text)\#(parameters)}"#.utf8)
    do throws(RPCError) {
      switch try RPCMessageDecoder(limits: limits).decode(body[...]) {
      case .single(let item): return item
      case .batch: return .invalid(.null, .invalidRequest("A GET carries one call."))
      }
    } catch {
      return .invalid(.null, error)
    }
  }

  private static func isJSON(_ text: String) -> Bool { (try? JSONValue(parsing: text)) != nil }

  /// Percent-encoding and `+` undone (WHATWG URL, section 5.1); nil where that is no UTF-8.
  static func decoded(_ text: some StringProtocol) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "+"): bytes.append(0x20)
      case UInt8(ascii: "%"):
        guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
          return nil
        }
        bytes.append(value)
        rest = rest.dropFirst(2)
      default: bytes.append(byte)
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
