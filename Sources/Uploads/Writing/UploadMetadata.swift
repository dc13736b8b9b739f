import Foundation

/// `Upload-Metadata`: pairs of a key and a value in base64, with commas between (tus 1.0, "Creation"). Pure.
public struct UploadMetadata: Hashable, Sendable {
  public struct Malformed: Error, Hashable, Sendable {
    /// What is wrong, as the end of a sentence about the field.
    public var why: String
  }

  private let values: [String: [UInt8]]

  /// - Throws: ``Malformed``.
  public init(_ text: String) throws(Malformed) {
    var values: [String: [UInt8]] = [:]
    let bytes = text.utf8
    if bytes.isEmpty {
      self.values = [:]
      return
    }
    for pair in bytes.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      let parts = pair.drop { $0 == 0x20 }.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      // A key without a value may have a space after it.
      guard let key = parts.first, !key.isEmpty, key.allSatisfy({ (0x21...0x7E).contains($0) }), parts.count <= 2 else {
        throw Malformed(
          why: "must be pairs of a key in ASCII and a value in base64, with a space between, and commas between pairs")
      }
      let name = String(decoding: key, as: UTF8.self)
      guard let value = Data(base64Encoded: Data(parts.count == 2 ? Array(parts[1]) : [])) else {
        throw Malformed(why: "has a value that isn't base64, of the key '\(name)'")
      }
      guard values.updateValue(Array(value), forKey: name) == nil else {
        throw Malformed(why: "has the key '\(name)' twice")
      }
    }
    self.values = values
  }

  public func has(_ key: String) -> Bool { values[key] != nil }

  /// A value as a text; nil: there is none, or it isn't UTF-8.
  public func text(_ key: String) -> String? { values[key].flatMap { String(validating: $0, as: UTF8.self) } }
}
