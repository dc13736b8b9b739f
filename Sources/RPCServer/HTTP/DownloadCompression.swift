import CTallyZlib
import CTallyZstd
import TallySchema

/// `?as=gzip` and `?as=zstd` of a download: another file, which is kept as it comes. (A content coding would be undone by browsers,
/// and would take the length and the ranges of what they keep.)
enum DownloadCompression: String, CaseIterable, Sendable {
  case gzip, zstd

  /// - Parameter query: of the request's target.
  /// - Throws: `RPCError` for another form than these; nil where none is asked for.
  init?(query: String?) throws(RPCError) {
    let values = HeaderText.parts(query ?? "", by: "&").filter { $0.hasPrefix("as=") }.map { $0.dropFirst(3) }
    guard let value = values.first else { return nil }
    guard values.count == 1,
      let form = DownloadCompression.allCases.first(where: { $0.rawValue.hasSameBytes(as: String(value)) })
    else {
      throw RPCError(
        .invalidArgument, reason: "UNKNOWN_FORM",
        "'as' must be gzip or zstd, once; without it the result comes as it is.",
        code: 3, field: "as")
    }
    self = form
  }

  var mediaType: String { self == .gzip ? "application/gzip" : "application/zstd" }
  var suffix: String { self == .gzip ? ".gz" : ".zst" }

  func makeCompressor() throws -> any StreamCompressor {
    switch self {
    case .gzip: try GzipCompressor()
    case .zstd: try ZstdCompressor()
    }
  }
}

/// Compresses a stream piece by piece.
protocol StreamCompressor: Sendable {
  /// What comes out by now; all of it with the last piece. Called for one piece after the other.
  func compress(_ piece: [UInt8], isLast: Bool) throws -> [UInt8]
}

struct CompressionFailed: Error {}

/// gzip (RFC 1952), by zlib. `@unchecked Sendable`: a download asks for each piece when it has the one before.
private final class GzipCompressor: StreamCompressor, @unchecked Sendable {
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

  init() throws {
    stream.initialize(to: z_stream())
    guard tally_gzip_init(stream, 5) == Z_OK else {
      stream.deallocate()
      throw CompressionFailed()
    }
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  func compress(_ piece: [UInt8], isLast: Bool) throws -> [UInt8] {
    var (input, output, room) = (piece, [UInt8](), [UInt8](repeating: 0, count: 64 << 10))
    try input.withUnsafeMutableBufferPointer { input in
      stream.pointee.next_in = input.baseAddress
      stream.pointee.avail_in = UInt32(input.count)
      var status = Z_OK
      repeat {
        let left = room.withUnsafeMutableBufferPointer { room -> Int in
          stream.pointee.next_out = room.baseAddress
          stream.pointee.avail_out = UInt32(room.count)
          status = deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
          return Int(stream.pointee.avail_out)
        }
        guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else { throw CompressionFailed() }
        output += room[..<(room.count - left)]
        if left > 0, !isLast || status == Z_STREAM_END { return }
      } while true
    }
    return output
  }
}

/// Zstandard (RFC 8878), by libzstd. `@unchecked Sendable`: a download asks for each piece when it has the one before.
private final class ZstdCompressor: StreamCompressor, @unchecked Sendable {
  private let stream: OpaquePointer

  init() throws {
    guard let stream = ZSTD_createCCtx() else { throw CompressionFailed() }
    self.stream = stream
  }

  deinit { ZSTD_freeCCtx(stream) }

  func compress(_ piece: [UInt8], isLast: Bool) throws -> [UInt8] {
    var (output, room) = ([UInt8](), [UInt8](repeating: 0, count: 64 << 10))
    try piece.withUnsafeBytes { bytes in
      var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
      while true {
        let (left, count) = room.withUnsafeMutableBytes { room in
          var out = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
          let left = ZSTD_compressStream2(stream, &out, &input, isLast ? ZSTD_e_end : ZSTD_e_continue)
          return (left, out.pos)
        }
        if ZSTD_isError(left) != 0 { throw CompressionFailed() }
        output += room[..<count]
        if isLast ? left == 0 : input.pos == input.size { return }
      }
    }
    return output
  }
}
