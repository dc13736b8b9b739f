import CTallyZstd
import TallySchema

/// What Zstandard has compressed (RFC 8878): one frame after the other, by libzstd.
final class ZstdSource: ByteSource {
  private let source: any ByteSource
  private let name: String
  private let limits: Limits
  private let windowBytes: Int
  private let stream: OpaquePointer
  private let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
  private var input = ZSTD_inBuffer()
  private var expanded = 0
  private var taken = 0
  private var isFrameOpen = false
  /// The first bytes of the frame that is expanded.
  private var head: [UInt8] = []
  private var isEnded = false

  /// A job's memory by a window's.
  static let memoryShare = 8

  /// - Parameter windowBytes: of a frame's window, at most.
  init(_ source: any ByteSource, name: String, windowBytes: Int, limits: Limits) throws(JobFailure) {
    guard let stream = ZSTD_createDStream() else {
      piece.deallocate()
      throw JobFailure(.resourceExhausted, reason: "NO_MEMORY", "The machine has no memory left to expand \(name).")
    }
    self.source = source
    self.name = name
    self.limits = limits
    self.windowBytes = windowBytes
    self.stream = stream
    let log = min(max(Int32(Int.bitWidth - 1 - windowBytes.leadingZeroBitCount), 10), 31)
    ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, log)
  }

  deinit {
    ZSTD_freeDStream(stream)
    piece.deallocate()
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(JobFailure) -> Int {
    var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
    while output.pos < output.size, !isEnded {
      if input.pos == input.size {
        let got = try source.read(into: piece)
        taken += got
        try InputExpansion.check(taken, name, limits)
        input = ZSTD_inBuffer(src: piece.baseAddress, size: got, pos: 0)
        if got == 0 {
          isEnded = true
          // What the decoder still holds comes without more input.
          let left = ZSTD_decompressStream(stream, &output, &input)
          if isFrameOpen, ZSTD_isError(left) == 0, left != 0, output.pos < output.size {
            throw InputExpansion.truncated(name, "zstd")
          }
          if output.pos == output.size, isFrameOpen { isEnded = false }
          break
        }
      }
      remember()
      let left = ZSTD_decompressStream(stream, &output, &input)
      if ZSTD_isError(left) != 0 { throw failure(left) }
      isFrameOpen = left != 0
    }
    expanded += output.pos
    try InputExpansion.check(expanded, name, limits)
    return output.pos
  }

  /// Keeps a frame's head, for what may be wrong with it.
  private func remember() {
    if !isFrameOpen { head.removeAll(keepingCapacity: true) }
    let count = min(ZstdFrame.headBytesMost - head.count, input.size - input.pos)
    if count > 0 { head += piece[input.pos..<(input.pos + count)] }
  }

  private func failure(_ code: Int) -> JobFailure {
    if ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge {
      return JobFailure(
        .resourceExhausted, reason: "MEMORY_BUDGET",
        "\(name): expanding the file needs a window of \(wanted.map(ByteCount.text) ?? "more memory"), and the job may use "
          + "\(ByteCount.text(windowBytes)) for one, an eighth of its memory. \(advice)", file: name)
    }
    return InputExpansion.broken(name, "zstd", String(cString: ZSTD_getErrorName(code)))
  }

  private var wanted: Int? { ZstdFrame.windowBytes(head) }

  private var advice: String {
    guard let wanted else { return "Give the job more memory (memoryBytes)." }
    guard let memory = ZstdFrame.memoryBytes(forWindow: wanted, share: ZstdSource.memoryShare) else {
      return "No window may be larger than 2 GiB: compress the file again, without --ultra or --long."
    }
    return
      "Give the job memoryBytes of \(memory) (\(ByteCount.text(memory))), or compress the file again with a smaller window."
  }
}
