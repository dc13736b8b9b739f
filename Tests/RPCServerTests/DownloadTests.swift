import TallySchema
import TestSupport
import Testing

@testable import RPCServer

/// Names and forms of what is downloaded.
@Suite struct DownloadTests {
  @Test(arguments: [
    ("sums.csv", "attachment; filename=\"sums.csv\""),
    ("Übersicht.csv", "attachment; filename=\"_bersicht.csv\"; filename*=UTF-8''%C3%9Cbersicht.csv"),
    ("a\"b\\c.csv", "attachment; filename=\"a_b_c.csv\"; filename*=UTF-8''a%22b%5Cc.csv"),
    ("50% a.csv", "attachment; filename=\"50_ a.csv\"; filename*=UTF-8''50%25%20a.csv"),
  ])
  func aNameIsKeptWhole(name: String, field: String) { #expect(DownloadName.disposition(name) == field) }

  @Test(
    arguments: [
      (nil, nil), ("", nil), ("x=1", nil), ("as=gzip", .gzip), ("x=1&as=zstd", .zstd),
    ] as [(String?, DownloadCompression?)])
  func aFormIsAskedFor(query: String?, form: DownloadCompression?) throws {
    #expect(try DownloadCompression(query: query) == form)
  }

  @Test(arguments: ["as=", "as=br", "as=gzip&as=zstd", "as=GZIP"])
  func anotherFormIsRefused(query: String) {
    let error = #expect(throws: RPCError.self) { try DownloadCompression(query: query) }
    #expect(error?.reason == "UNKNOWN_FORM")
  }

  /// Pieces of any size, also none and one that doesn't compress, come out as they went in.
  @Test(arguments: [[0], [1], [65_536, 0], [100_000, 1, 65_536, 300_000]])
  func piecesAreOneStream(sizes: [Int]) throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededRandom(seed: seed)
    let pieces = sizes.map { size in (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next() & 0x3F) } }
    let compressor = try DownloadCompression.gzip.makeCompressor()
    var output: [UInt8] = []
    for (index, piece) in pieces.enumerated() {
      output += try compressor.compress(piece, isLast: index == pieces.count - 1)
    }
    #expect(try GzipCodec.expand(output, limitBytes: 1 << 20) == pieces.flatMap { $0 }, "seed \(seed)")
  }
}
