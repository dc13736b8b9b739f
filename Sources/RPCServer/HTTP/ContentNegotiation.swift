/// How an answer is framed, chosen by the request's `Accept` (RFC 9110, section 12.5.1).
enum AnswerFraming: String, CaseIterable, Sendable {
  case eventStream = "text/event-stream"
  case ndjson = "application/x-ndjson"
  case json = "application/json"

  /// The best framing for a stream method; nil when the caller accepts none. A tie goes to the first of the cases.
  static func forStream(accept: String?) -> AnswerFraming? { best(of: allCases, accept) }

  private static func best(of framings: [AnswerFraming], _ accept: String?) -> AnswerFraming? {
    guard let accept else { return framings.first }
    let ranges = accept.split(separator: ",").compactMap(MediaRange.init)
    if ranges.isEmpty { return framings.first }
    var best: (framing: AnswerFraming, quality: Double)?
    for framing in framings {
      let quality = quality(of: framing, in: ranges)
      if quality > best?.quality ?? 0 { best = (framing, quality) }
    }
    return best?.framing
  }

  /// The quality of the most specific range that holds the framing.
  private static func quality(of framing: AnswerFraming, in ranges: [MediaRange]) -> Double {
    // application/json-rpc is another name for the same JSON.
    let names = framing == .json ? [framing.rawValue, "application/json-rpc"] : [framing.rawValue]
    return names.map { name in
      ranges.filter { $0.holds(name) }.max { $0.specificity < $1.specificity }?.quality ?? 0
    }.max() ?? 0
  }
}

/// One range of an `Accept` header: `text/*;q=0.5`.
struct MediaRange {
  var type: String
  var quality: Double

  init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ";").map { $0.trimmed.lowercased() }
    guard let type = parts.first, type.contains("/") else { return nil }
    self.type = type
    let weight = parts.dropFirst().first { $0.hasPrefix("q=") }?.dropFirst(2)
    quality = weight.map { Double($0) ?? 0 } ?? 1
  }

  var specificity: Int { type == "*/*" ? 0 : type.hasSuffix("/*") ? 1 : 2 }

  func holds(_ name: String) -> Bool {
    if type == "*/*" || type == name { return true }
    return type.hasSuffix("/*") && name.hasPrefix(type.dropLast())
  }
}

extension StringProtocol {
  /// Without the spaces and tabs around it.
  var trimmed: String {
    // By bytes: a character with a combining mark on it is no space, and neither byte is part of another character.
    let isSpace: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    let bytes = Substring(self).utf8
    guard let first = bytes.firstIndex(where: { !isSpace($0) }), let last = bytes.lastIndex(where: { !isSpace($0) })
    else { return "" }
    return String(Substring(bytes[first...last]))
  }
}
