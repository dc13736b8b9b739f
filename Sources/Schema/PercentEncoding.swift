/// Percent-encoding of UTF-8 (RFC 3986, section 2.1).
public enum PercentEncoding {
  /// A text in which every byte is encoded that is neither an ASCII letter or digit nor one of the bytes to keep.
  ///
  /// - Parameter kept: ASCII characters that stay as they are, such as `-._~/` for the path of a URL.
  public static func encode(_ text: String, keeping kept: String) -> String {
    let kept = Set(kept.utf8)
    let digits = Array("0123456789ABCDEF".utf8)
    let bytes = text.utf8.flatMap { byte -> [UInt8] in
      let isAlphanumeric =
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      if isAlphanumeric || kept.contains(byte) { return [byte] }
      return [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
