import CTallyZlib
import TallySchema

/// What gzip has compressed (RFC 1952): one member after the other, by zlib.
final class GunzipSource: ByteSource {
  private static let pieceBytes = 256 << 10

  private let source: any ByteSource
  private let name: String
  private let limits: Limits
  private let stream: UnsafeMutablePointer<z_stream>
  private let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceBytes, alignment: 16)
  private var expanded = 0
  private var taken = 0
  private var isMemberOpen = false
  /// One member has ended.
  private var hasMember = false
  private var isEnded = false

  init(_ source: any ByteSource, name: String, limits: Limits) throws(JobFailure) {
    self.source = source
    self.name = name
    self.limits = limits
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard tally_gunzip_init(stream) == Z_OK else {
      throw JobFailure(.resourceExhausted, reason: "NO_MEMORY", "The machine has no memory left to expand \(name).")
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    piece.deallocate()
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(JobFailure) -> Int {
    stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = UInt32(buffer.count)
    while stream.pointee.avail_out > 0, !isEnded {
      if stream.pointee.avail_in == 0, !(try refill()) { break }
      if !isMemberOpen, hasMember, skipPadding() { continue }
      isMemberOpen = true
      let status = inflate(stream, Z_NO_FLUSH)
      isMemberOpen = status != Z_STREAM_END
      switch status {
      case Z_OK, Z_BUF_ERROR: continue
      case Z_STREAM_END:
        hasMember = true
        inflateReset(stream)
      default:
        let what = stream.pointee.msg.map { String(cString: $0) } ?? "error \(status)"
        throw InputExpansion.broken(name, "gzip", what)
      }
    }
    let got = buffer.count - Int(stream.pointee.avail_out)
    expanded += got
    try InputExpansion.check(expanded, name, limits)
    return got
  }

  /// False at the end.
  private func refill() throws(JobFailure) -> Bool {
    let got = try source.read(into: piece)
    guard got > 0 else {
      isEnded = true
      if isMemberOpen { throw InputExpansion.truncated(name, "gzip") }
      return false
    }
    taken += got
    try InputExpansion.check(taken, name, limits)
    stream.pointee.next_in = piece.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_in = UInt32(got)
    return true
  }

  /// Skips zeros between members and behind the last, which are padding, as gzip's own program does; true when there is
  /// nothing else left.
  private func skipPadding() -> Bool {
    while stream.pointee.avail_in > 0, let next = stream.pointee.next_in, next.pointee == 0 {
      stream.pointee.next_in = next + 1
      stream.pointee.avail_in -= 1
    }
    return stream.pointee.avail_in == 0
  }
}

/// What can be wrong with a compressed input.
enum InputExpansion {
  static func broken(_ name: String, _ format: String, _ what: String) -> JobFailure {
    JobFailure(
      .dataLoss, reason: "INPUT_BROKEN",
      "\(name): the file is no whole \(format) (\(what)). Make it again, or expand it to see where it is damaged.",
      file: name)
  }

  static func truncated(_ name: String, _ format: String) -> JobFailure {
    JobFailure(
      .dataLoss, reason: "INPUT_TRUNCATED",
      "\(name): the \(format) ends in the middle. Has the file been copied as a whole?", file: name)
  }

  /// - Parameter bytes: of the text so far, or of the compressed input: there is input that yields no text.
  static func check(_ bytes: Int, _ name: String, _ limits: Limits) throws(JobFailure) {
    if bytes > limits.expandedBytes {
      throw JobFailure(
        .outOfRange, reason: "INPUT_TOO_LARGE",
        "\(name): the compressed file has, or expands to, more than \(limits.expandedBytes) bytes (expandedBytes).",
        file: name)
    }
  }
}
