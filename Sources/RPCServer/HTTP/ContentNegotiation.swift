/// How an answer is framed, chosen by the request's `Accept` (RFC 9110, section 12.5.1).
enum AnswerFraming: String, CaseIterable, Sendable {
  case eventStream = "text/event-stream"
  case ndjson = "application/x-ndjson"
  case json = "application/json"

  /// The best framing for a stream method; nil when the caller accepts none. A tie goes to the first of the cases.
  static func forStream(accept: String?) -> AnswerFraming? { best(of: allCases, accept) }

  private static func best(of framings: [AnswerFraming], _ accept: String?) -> AnswerFraming? {
    guard let accept else { return framings.first }
    let ranges = HeaderText.parts(accept, by: ",").compactMap(MediaRange.init)
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
    let parts = HeaderText.parts(text, by: ";").compactMap(HeaderText.token)
    guard let type = parts.first, type.contains("/") else { return nil }
    self.type = type
    quality = HeaderText.weight(parts.dropFirst())
  }

  var specificity: Int { type == "*/*" ? 0 : type.hasSuffix("/*") ? 1 : 2 }

  func holds(_ name: String) -> Bool {
    if type == "*/*" || type == name { return true }
    return type.hasSuffix("/*") && name.hasPrefix(type.dropLast())
  }
}
