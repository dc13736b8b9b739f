import Testing

@testable import RPCClient
@testable import TallySchema

struct UploadPlanTests {
  /// Whatever the size, the parts are the whole, in order and without a gap.
  @Test(arguments: [0, 1, 1 << 20, 8 << 20, (8 << 20) + 1, (8 << 20) + 2, 100_000_007, 5_000_000_000], [1, 2, 4, 7])
  func partsCoverEverything(bytes: Int, connections: Int) {
    let parts = UploadPlan(bytes: bytes, connections: connections).parts
    #expect(parts.first?.lowerBound == 0 && parts.last?.upperBound == bytes)
    for (part, next) in zip(parts, parts.dropFirst()) { #expect(part.upperBound == next.lowerBound && !part.isEmpty) }
    #expect(parts.count == 1 || (parts[0].count == 1 << 20 && parts.count == connections + 1 && bytes > 8 << 20))
  }

  @Test func piecesCoverAPart() {
    let length = 40_000_000
    var (offset, pieces) = (0, 0)
    while offset < length {
      let piece = UploadPlan.piece(from: offset, of: length)
      #expect(piece.lowerBound == offset && !piece.isEmpty && piece.count <= 16 << 20)
      (offset, pieces) = (piece.upperBound, pieces + 1)
    }
    #expect(offset == length && pieces == 4)
  }

  /// RFC 4648, section 10.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"), ("\u{FFFF}", "77+/"),
  ])
  func base64(text: String, expected: String) { #expect(Base64.encode(text.utf8) == expected) }
}
