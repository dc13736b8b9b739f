import CTallyZlib

/// Whole bodies in and out of gzip (RFC 1952), by zlib.
enum GzipCodec {
  enum Problem: Error, Equatable {
    /// It isn't gzip, or ends too early.
    case invalid
    /// It expands to more bytes than are allowed.
    case tooLarge
  }

  private static let pieceBytes = 64 << 10

  /// Expands one or more members; stops as soon as there are more bytes than the limit.
  static func expand(_ bytes: [UInt8], limitBytes: Int) throws(Problem) -> [UInt8] {
    var stream = z_stream()
    guard tally_gunzip_init(&stream) == Z_OK else { throw .invalid }
    defer { inflateEnd(&stream) }
    var input = bytes
    var output: [UInt8] = []
    let problem: Problem? = input.withUnsafeMutableBufferPointer { input in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(input.count)
      var piece = [UInt8](repeating: 0, count: pieceBytes)
      while true {
        let status = step(&stream, &piece, &output) { inflate($0, Z_NO_FLUSH) }
        if output.count > limitBytes { return .tooLarge }
        switch status {
        case Z_STREAM_END where stream.avail_in == 0: return nil
        case Z_STREAM_END: if inflateReset(&stream) != Z_OK { return .invalid }
        case Z_OK where stream.avail_in > 0 || stream.avail_out == 0: continue
        default: return .invalid
        }
      }
    }
    if let problem { throw problem }
    return output
  }

  static func compress(_ bytes: [UInt8]) -> [UInt8] {
    var stream = z_stream()
    guard tally_gzip_init(&stream, 5) == Z_OK else { return [] }
    defer { deflateEnd(&stream) }
    var input = bytes
    var output: [UInt8] = []
    input.withUnsafeMutableBufferPointer { input in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(input.count)
      var piece = [UInt8](repeating: 0, count: pieceBytes)
      while step(&stream, &piece, &output, { deflate($0, Z_FINISH) }) == Z_OK {}
    }
    return output
  }

  private static func step(
    _ stream: inout z_stream, _ piece: inout [UInt8], _ output: inout [UInt8],
    _ body: (UnsafeMutablePointer<z_stream>) -> Int32
  ) -> Int32 {
    let status = piece.withUnsafeMutableBufferPointer { piece in
      stream.next_out = piece.baseAddress
      stream.avail_out = UInt32(piece.count)
      return body(&stream)
    }
    output += piece[..<(piece.count - Int(stream.avail_out))]
    return status
  }
}
