/// Reads a header field's text by its bytes (RFC 9110, section 5.6): the separators are ASCII, and whatever else a caller has
/// put between them costs linear time, where comparisons of Swift's characters don't.
enum HeaderText {
  /// The parts between the separators, without the white space around each; empty ones are kept.
  static func parts(_ text: some StringProtocol, by separator: Unicode.Scalar, most: Int = .max) -> [String] {
    Substring(text).utf8.split(
      separator: UInt8(ascii: separator), maxSplits: most - 1, omittingEmptySubsequences: false
    )
    .map { Substring($0).trimmed }
  }

  /// A token in lower case (RFC 9110, section 5.6.2); nil for a text that isn't ASCII, which is none.
  static func token(_ text: some StringProtocol) -> String? {
    guard isASCII(text) else { return nil }
    return text.trimmed.lowercased()
  }

  static func isASCII(_ text: some StringProtocol) -> Bool { text.utf8.allSatisfy { $0 < 0x80 } }

  /// The weight of a list's element, of whose parameters these are the parts (RFC 9110, section 12.4.2); 1 without one.
  static func weight(_ parameters: some Sequence<String>) -> Double {
    for parameter in parameters where parameter.utf8.starts(with: "q=".utf8) {
      return Double(parameter.dropFirst(2)) ?? 0
    }
    return 1
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
