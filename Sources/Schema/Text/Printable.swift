/// Texts of callers, files and servers as they may stand in a line for people: nothing in them ends the line, moves a cursor or
/// turns the direction of writing.
public enum Printable {
  /// For logs: what could do that is written by its number, as in `\\u001b`, so that nothing is lost.
  public static func escaped(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
    var output = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": output += "\\n"
      case "\r": output += "\\r"
      case "\t": output += "\\t"
      case _ where isUnsafe(scalar):
        let digits = String(scalar.value, radix: 16)
        output += "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
      default: output.unicodeScalars.append(scalar)
      }
    }
    return output
  }

  /// For terminals: what could do that is shown as U+FFFD, one for each, so that columns stay where they are.
  ///
  /// - Parameter keepsLineEnds: for texts of several lines.
  public static func replaced(_ text: String, keepsLineEnds: Bool = false) -> String {
    let isBad = { (scalar: Unicode.Scalar) in isUnsafe(scalar) && !(keepsLineEnds && scalar == "\n") }
    guard text.unicodeScalars.contains(where: isBad) else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.map { isBad($0) ? "\u{FFFD}" : $0 }))
  }

  /// Control characters of ASCII and of the C1 set, line and paragraph separators, and marks that turn the direction of what
  /// follows (Unicode Standard Annex 9).
  private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}
