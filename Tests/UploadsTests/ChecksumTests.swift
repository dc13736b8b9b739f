import Testing
import Uploads

struct ChecksumTests {
  /// The check values of the catalogue of parametrised CRC algorithms, and those of FIPS 180 for "abc".
  @Test(arguments: [
    (UploadChecksum.Algorithm.crc32, "123456789", "cbf43926"), (.crc32c, "123456789", "e3069283"),
    (.crc32, "", "00000000"), (.crc32c, "", "00000000"),
    (.sha1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
    (.sha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
  ])
  func knownValues(algorithm: UploadChecksum.Algorithm, text: String, expected: String) {
    #expect(hexadecimal(algorithm, [Array(text.utf8)]) == expected)
  }

  /// However the bytes are cut, the checksum is the same; of a check, also a bit at a time.
  @Test(arguments: UploadChecksum.Algorithm.allCases) func isTheSameAtEverySplit(algorithm: UploadChecksum.Algorithm) {
    let bytes = (0..<61).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
    let whole = hexadecimal(algorithm, [bytes])
    for split in 0...bytes.count {
      #expect(hexadecimal(algorithm, [Array(bytes[..<split]), Array(bytes[split...])]) == whole, "\(split)")
    }
    #expect(hexadecimal(algorithm, bytes.map { [$0] }) == whole)
    let polynomial: UInt32? = [.crc32: 0xEDB8_8320, .crc32c: 0x82F6_3B78][algorithm]
    guard let polynomial else { return }
    var check: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      check ^= UInt32(byte)
      for _ in 0..<8 { check = check & 1 == 1 ? check >> 1 ^ polynomial : check >> 1 }
    }
    let digits = String(~check, radix: 16)
    #expect(whole == String(repeating: "0", count: 8 - digits.count) + digits)
  }

  private func hexadecimal(_ algorithm: UploadChecksum.Algorithm, _ pieces: [[UInt8]]) -> String {
    var hasher = ChecksumHasher(algorithm)
    for piece in pieces { piece.withUnsafeBytes { hasher.update($0) } }
    return hasher.value.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  }

  @Test func aFieldIsRead() throws {
    #expect(try UploadChecksum("crc32 y/Q5Jg==") == UploadChecksum(.crc32, [0xCB, 0xF4, 0x39, 0x26]))
    #expect(try UploadChecksum("SHA1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=").algorithm == .sha1)
  }

  @Test(arguments: [
    ("", UploadChecksum.Problem.malformed), ("sha1", .malformed), ("sha1 ***", .malformed), ("sha1 AAAA", .malformed),
    ("crc32  y/Q5Jg==", .malformed), ("md5 AAAA", .unknownAlgorithm), ("crc32 y/Q5Jg== x", .malformed),
  ])
  func aFieldThatIsNoneIsRefused(text: String, expected: UploadChecksum.Problem) {
    #expect(throws: expected) { try UploadChecksum(text) }
  }
}

struct UploadMetadataTests {
  @Test func pairsAreRead() throws {
    let metadata = try UploadMetadata("filename cGxheXMuY3N2,keep,empty ,note w6k=, spaced YQ==")
    #expect(metadata.text("filename") == "plays.csv" && metadata.text("note") == "é" && metadata.text("spaced") == "a")
    #expect(metadata.has("keep") && metadata.text("keep") == "" && metadata.text("empty") == "")
    #expect(!metadata.has("other") && metadata.text("other") == nil)
    #expect(try !UploadMetadata("").has(""))
    // Bytes that are no text.
    #expect(try UploadMetadata("raw /w==").text("raw") == nil)
  }

  @Test(arguments: ["a b c", "a ***", ",", "a YQ==,", "a YQ==,a YQ==", "é YQ==", "a\tYQ==", " "])
  func whatIsMalformedIsRefused(text: String) {
    #expect(throws: UploadMetadata.Malformed.self) { try UploadMetadata(text) }
  }
}
