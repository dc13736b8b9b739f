import Foundation

/// The digests that a request says its body has: `Repr-Digest` or `Content-Digest` (RFC 9530), a dictionary of byte sequences
/// (RFC 8941, section 3.2): `sha-256=:…:`. Pure.
public struct DigestField: Hashable, Sendable {
  public var sha256: [UInt8]?
  public var sha512: [UInt8]?

  public struct Malformed: Error, Hashable {}

  /// Reads the field. Algorithms that aren't known are left out.
  ///
  /// - Throws: ``Malformed``.
  public init(_ text: String) throws(Malformed) {
    for member in text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      let trimmed = DigestField.trimmed(member)
      guard let equals = trimmed.firstIndex(of: UInt8(ascii: "=")) else { throw Malformed() }
      let value = trimmed[trimmed.index(after: equals)...]
      let colon = UInt8(ascii: ":")
      guard value.count >= 2, value.first == colon, value.last == colon,
        let bytes = Data(base64Encoded: Data(value.dropFirst().dropLast()))
      else { throw Malformed() }
      switch String(decoding: trimmed[..<equals], as: UTF8.self) {
      case "sha-256": sha256 = try DigestField.checked(bytes, 32)
      case "sha-512": sha512 = try DigestField.checked(bytes, 64)
      default: break
      }
    }
  }

  /// Whether it names an algorithm that is checked.
  public var isKnown: Bool { sha256 != nil || sha512 != nil }

  private static func checked(_ bytes: Data, _ count: Int) throws(Malformed) -> [UInt8] {
    guard bytes.count == count else { throw Malformed() }
    return Array(bytes)
  }

  private static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
    let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
    var text = text.drop(while: isBlank)
    while let last = text.last, isBlank(last) { text.removeLast() }
    return text
  }
}
