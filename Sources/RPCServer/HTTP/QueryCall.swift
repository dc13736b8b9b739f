import TallySchema

/// A call as the query of a GET: `method=getStatus&params={"jobId":"…"}&id=1`.
enum QueryCall {
  /// - Returns: what the query asks: a call, whose ID is `null` where none is given; or an error to answer it with.
  static func read(_ query: String, limits: Limits) -> RPCItem {
    let members: Members
    do throws(RPCError) {
      members = try Members(query, limits: limits)
    } catch {
      return .invalid(.null, error)
    }
    guard let method = members.method else {
      return .invalid(.null, .invalidRequest("The query must name a 'method'."))
    }
    // By the same rules as a body: the call is written as one, and read. Each part is a whole JSON value by now.
    var body = Array(#"{"jsonrpc":"2.0","id":"#.utf8)
    body += (members.id ?? "null").utf8
    body += #","method":"#.utf8
    body += JSONValue.string(method).text.utf8
    if let parameters = members.parameters { body += (#","params":"# + parameters).utf8 }
    body.append(UInt8(ascii: "}"))
    do throws(RPCError) {
      guard case .single(let item) = try RPCMessageDecoder(limits: limits).decode(body[...]) else {
        return .invalid(.null, .invalidRequest("A GET carries one call."))
      }
      return item
    } catch {
      return .invalid(.null, error)
    }
  }

  /// The query's parts that mean something.
  private struct Members {
    var method: String?
    /// JSON texts.
    var parameters: String?
    var id: String?

    /// - Throws: ``RPCError``, in the query's terms.
    init(_ query: String, limits: Limits) throws(RPCError) {
      for pair in query.utf8.split(separator: UInt8(ascii: "&")) {
        let parts = Substring(pair).utf8.split(
          separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = decoded(Substring(parts[0])), let value = decoded(parts.count > 1 ? Substring(parts[1]) : "")
        else { throw .invalidRequest("The query isn't percent-encoded UTF-8.") }
        // By bytes: the names are the caller's.
        switch ["method", "params", "id"].first(where: { $0.hasSameBytes(as: name) }) {
        case "method": try Members.set(&method, value, "method")
        case "params": try Members.set(&parameters, try Members.json(value, limits), "params")
        case "id": try Members.set(&id, isJSON(value) ? value : JSONValue.string(value).text, "id")
        default: continue
        }
      }
    }

    private static func set(_ member: inout String?, _ value: String, _ name: String) throws(RPCError) {
      if member != nil { throw .invalidRequest("The query names '\(name)' twice.") }
      member = value
    }

    /// - Throws: ``RPCError`` -32700 for what isn't exactly one JSON value.
    private static func json(_ text: String, _ limits: Limits) throws(RPCError) -> String {
      do {
        _ = try JSONValue(parsing: Array(text.utf8)[...], depthLimit: limits.jsonDepth)
      } catch {
        throw .parse("'params' in the query is not one JSON value: \(error).")
      }
      return text
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
