#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A text as its UTF-8 bytes, for sets and dictionaries of what callers and files send.
///
/// Swift compares and hashes strings by canonical equivalence (Unicode Standard Annex 15), for which it sorts each run of
/// combining marks: a long run costs quadratic time, and texts with other bytes are equal. Bytes cost linear time.
public struct UTF8Key: Hashable, Sendable {
  /// The text.
  public let text: String

  /// A key with this text.
  public init(_ text: String) { self.text = text }

  /// Equal are equal bytes: characters that look alike are not.
  public static func == (left: UTF8Key, right: UTF8Key) -> Bool { left.text.hasSameBytes(as: right.text) }

  /// Hashes the bytes that are compared.
  public func hash(into hasher: inout Hasher) { text.hashBytes(into: &hasher) }
}

extension String {
  /// Whether both texts have the same UTF-8 bytes. Linear, where `==` isn't for texts of other people's making.
  public func hasSameBytes(as other: String) -> Bool {
    guard utf8.count == other.utf8.count else { return false }
    let isEqual = utf8.withContiguousStorageIfAvailable { left in
      other.utf8.withContiguousStorageIfAvailable { right in
        left.isEmpty || memcmp(left.baseAddress!, right.baseAddress!, left.count) == 0
      }
    }
    return (isEqual ?? nil) ?? utf8.elementsEqual(other.utf8)
  }

  /// Adds the UTF-8 bytes to a hash, and how many there are.
  public func hashBytes(into hasher: inout Hasher) {
    hasher.combine(utf8.count)
    let isDone: Void? = utf8.withContiguousStorageIfAvailable { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    if isDone == nil { for byte in utf8 { hasher.combine(byte) } }
  }

  /// Whether the text's bytes begin with the other's.
  public func beginsWithBytes(of other: String) -> Bool { utf8.starts(with: other.utf8) }
}

extension Sequence<String> {
  /// Whether one of the texts has these bytes.
  public func containsBytes(of text: String) -> Bool { contains { $0.hasSameBytes(as: text) } }
}

extension CaseIterable where Self: RawRepresentable, RawValue == String {
  /// The case whose raw value has exactly these bytes; nil: there is none.
  public init?(named text: String) {
    guard let found = Self.allCases.first(where: { $0.rawValue.hasSameBytes(as: text) }) else { return nil }
    self = found
  }
}
