/// Reads the envelope of a JSON-RPC request (JSON-RPC 2.0, sections 4 and 6) from the bytes of a body, strictly.
///
/// IDs stay raw text, duplicate members are seen, and parameters stay a slice until the method is known.
public struct RPCMessageDecoder: Sendable {
  /// Levels of arrays and objects, at most.
  public var depthLimit: Int
  /// Items of a batch, at most.
  public var batchLimit: Int

  /// A decoder with the limits of a server.
  public init(limits: Limits) {
    depthLimit = limits.jsonDepth
    batchLimit = limits.batchCalls
  }

  /// - Throws: ``RPCError``: a parse error (-32700) with the byte's offset, -32600 for an empty batch, and
  ///   RESOURCE_EXHAUSTED for one with too many calls.
  public func decode(_ body: ArraySlice<UInt8>) throws(RPCError) -> RPCMessage {
    let items: [Range<Int>]?
    let whole: Range<Int>
    do {
      var scanner = JSONScanner(body, depthLimit: depthLimit)
      scanner.skipWhitespace()
      whole = try scanner.skipValue()
      try scanner.expectEnd()
      items = try body[whole.lowerBound] == UInt8(ascii: "[") ? elements(body[whole]) : nil
    } catch {
      throw RPCError.parse("The body is not JSON: \(error).")
    }
    guard let items else { return .single(item(body[whole])) }
    if items.isEmpty { throw .invalidRequest("A batch must hold at least one call.") }
    if items.count > batchLimit {
      throw RPCError(
        .resourceExhausted, reason: "BATCH_TOO_LARGE",
        "The batch holds \(items.count) calls; the limit (batchCalls) is \(batchLimit). Send it in parts.")
    }
    return .batch(items.map { item(body[$0]) })
  }

  private func elements(_ array: ArraySlice<UInt8>) throws(JSONSyntaxError) -> [Range<Int>] {
    var scanner = JSONScanner(array, depthLimit: depthLimit)
    var ranges: [Range<Int>] = []
    scanner.advance()
    scanner.skipWhitespace()
    while scanner.current != UInt8(ascii: "]") {
      ranges.append(try scanner.skipValue(depth: 1))
      scanner.skipWhitespace()
      if scanner.current == UInt8(ascii: ",") { scanner.advance() }
      scanner.skipWhitespace()
    }
    return ranges
  }

  private func item(_ bytes: ArraySlice<UInt8>) -> RPCItem {
    guard bytes.first == UInt8(ascii: "{") else {
      return .invalid(.null, .invalidRequest("A request must be an object."))
    }
    var envelope = Envelope()
    do {
      try envelope.read(bytes, depthLimit: depthLimit)
    } catch {
      // The scanner has already accepted these bytes; a second reading cannot differ.
      return .invalid(.null, .parse("The body is not JSON: \(error)."))
    }
    return envelope.item()
  }
}

/// The four members of a request that mean something, as they were found.
private struct Envelope {
  var version: JSONValue?
  var id: RPCID?
  var idProblem: String?
  var method: JSONValue?
  var parameters: ArraySlice<UInt8>?
  var parametersProblem: String?
  var duplicate: String?

  mutating func read(_ object: ArraySlice<UInt8>, depthLimit: Int) throws(JSONSyntaxError) {
    var scanner = JSONScanner(object, depthLimit: depthLimit)
    var seen: [String] = []
    scanner.advance()
    scanner.skipWhitespace()
    while scanner.current != UInt8(ascii: "}") {
      let start = scanner.position
      _ = try scanner.skipString()
      let name = Envelope.known(object[start..<scanner.position])
      scanner.skipWhitespace()
      scanner.advance()  // the colon
      scanner.skipWhitespace()
      let value = object[try scanner.skipValue(depth: 1)]
      if let name {
        take(name, value, isFirst: !seen.contains(name))
        seen.append(name)
      }
      scanner.skipWhitespace()
      if scanner.current == UInt8(ascii: ",") { scanner.advance() }
      scanner.skipWhitespace()
    }
  }

  /// The specification's member that a raw name stands for, quotes included; nil for any other: unknown members are left
  /// alone, for those who add their own. By bytes, since the name is the caller's.
  private static func known(_ raw: ArraySlice<UInt8>) -> String? {
    // With each character escaped, the longest has this many bytes.
    guard raw.count <= 6 * "jsonrpc".utf8.count + 2, let name = JSONBuilder.string(raw).string else { return nil }
    return ["jsonrpc", "method", "params", "id"].first { $0.hasSameBytes(as: name) }
  }

  private mutating func take(_ name: String, _ value: ArraySlice<UInt8>, isFirst: Bool) {
    if !isFirst { return repeated(name) }
    let first = value[value.startIndex]
    switch name {
    case "id":
      switch first {
      case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "t"), UInt8(ascii: "f"):
        idProblem = "'id' must be a string, a number or null."
      default: id = RPCID(rawText: String(decoding: value, as: UTF8.self))
      }
    case "params":
      switch first {
      case UInt8(ascii: "{"), UInt8(ascii: "["): parameters = value
      case UInt8(ascii: "n"): break
      default: parametersProblem = "'params' must be an object or an array."
      }
    case "method": method = scalar(value)
    default: version = scalar(value)
    }
  }

  private mutating func repeated(_ name: String) {
    if name == "id" { idProblem = "'id' stands twice." } else { duplicate = duplicate ?? name }
  }

  private func scalar(_ value: ArraySlice<UInt8>) -> JSONValue {
    value.first == UInt8(ascii: "\"") ? JSONBuilder.string(value) : .null
  }

  func item() -> RPCItem {
    if let idProblem { return .invalid(.null, .invalidRequest(idProblem)) }
    func invalid(_ rule: String) -> RPCItem { .invalid(id ?? .null, .invalidRequest(rule)) }
    if let duplicate { return invalid("'\(duplicate)' stands twice.") }
    guard version == .string("2.0") else { return invalid("'jsonrpc' must be exactly \"2.0\".") }
    guard case .string(let name)? = method else { return invalid("'method' must be a string of whole characters.") }
    if let parametersProblem { return invalid(parametersProblem) }
    return .call(RPCRequest(id: id, method: name, parameters: parameters))
  }
}
