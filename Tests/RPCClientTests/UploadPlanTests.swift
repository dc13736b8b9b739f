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
      let piece = UploadPlan.piece(from: offset, of: length, most: 16 << 20)
      #expect(piece.lowerBound == offset && !piece.isEmpty && piece.count <= 16 << 20)
      (offset, pieces) = (piece.upperBound, pieces + 1)
    }
    #expect(offset == length && pieces == 4)
  }

  /// With signs of life, many tries; without one, for as long as is configured. Pieces shrink with each break, and grow again.
  @Test func patienceEnds() {
    let start = ContinuousClock.now
    var patience = UploadPatience(reconnectMilliseconds: 30_000)
    #expect(patience.pieceBytes == 16 << 20)
    var tries = 0
    while patience.failure(at: start + .seconds(40 * tries)) {
      patience.sign()
      tries += 1
    }
    #expect(tries == 59 && patience.pieceBytes == 256 << 10)
    patience.progress()
    #expect(patience.pieceBytes == 512 << 10)
    var allowed: [Bool] = []
    for milliseconds in [0, 29_999, 30_000] {
      allowed.append(patience.failure(at: start + .milliseconds(milliseconds)))
    }
    #expect(allowed == [true, true, false])
  }

  /// RFC 4648, section 10.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"), ("\u{FFFF}", "77+/"),
  ])
  func base64(text: String, expected: String) { #expect(Base64.encode(text.utf8) == expected) }
}
