import CTallyZstd
import Schema

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
  private var isEnded = false

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
      let left = ZSTD_decompressStream(stream, &output, &input)
      if ZSTD_isError(left) != 0 { throw failure(left) }
      isFrameOpen = left != 0
    }
    expanded += output.pos
    try InputExpansion.check(expanded, name, limits)
    return output.pos
  }

  private func failure(_ code: Int) -> JobFailure {
    if ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge {
      return JobFailure(
        .resourceExhausted, reason: "MEMORY_BUDGET",
        "\(name): expanding the file needs a window of more than \(windowBytes) bytes, an eighth of the job's memory "
          + "(memoryBytes). Give the job more memory.", file: name)
    }
    return InputExpansion.broken(name, "zstd", String(cString: ZSTD_getErrorName(code)))
  }
}
