/// The beginning of somebody's text, short enough for a message.
public enum Excerpt {
  /// Bytes of a text that a message repeats, at the most.
  public static let bytesMost = 200
  /// Bytes of a whole message, at the most: a few excerpts, and the sentence around them.
  public static let messageBytesMost = 4_096

  /// The text, or as many whole characters of its beginning as fit, with … behind them.
  ///
  /// - Parameter bytesMost: of UTF-8, without the ….
  public static func of(_ text: some StringProtocol, bytesMost: Int = bytesMost) -> String {
    let bytes = Substring(text).utf8
    guard let end = bytes.index(bytes.startIndex, offsetBy: bytesMost, limitedBy: bytes.endIndex), end < bytes.endIndex
    else { return String(text) }
    var cut = end
    // Not inside a character: its later bytes are 10xxxxxx.
    while cut > bytes.startIndex, bytes[cut] & 0xC0 == 0x80 { cut = bytes.index(before: cut) }
    return String(decoding: bytes[..<cut], as: UTF8.self) + "…"
  }

  /// The first texts of a list, quoted, with how many more there are.
  ///
  /// - Parameter most: texts that are named.
  public static func list(_ texts: some Collection<String>, most: Int = 20) -> String {
    let named = texts.prefix(most).map { "'\(of($0, bytesMost: 60))'" }.joined(separator: ", ")
    return texts.count > most ? "\(named) and \(texts.count - most) more" : named
  }
}
