import Crypto
import Storage
import TallySchema

/// A file of the result that is to be written, and who may read it then.
struct ResultFile {
  /// As the job's record will name the result.
  var name: String
  var sink: any ByteSink
  /// The bits of a file's mode.
  var permissions: UInt32
}

/// The result's file: written once from the first to the last byte, with its digest, and made durable at the end.
///
/// A thread of its own writes while the others compute.
final class ResultWriter {
  /// As ``ByteSink`` wants it.
  private static let pieceBytes = 1 << 20

  private let file: ResultFile
  private var digest = SHA256()
  private(set) var bytes = 0
  private var piece: PageBuffer
  private var filled = 0
  private let behind: WriteBehind

  /// - Throws: ``BudgetExceeded``.
  init(_ file: ResultFile, budget: MemoryBudget) throws {
    self.file = file
    piece = try PageBuffer(bytes: ResultWriter.pieceBytes, budget: budget, for: "the output's buffers")
    let second = try PageBuffer(bytes: ResultWriter.pieceBytes, budget: budget, for: "the output's buffers")
    behind = WriteBehind(file.sink, spare: second)
  }

  deinit { _ = behind.end() }

  func write(_ text: UnsafeRawBufferPointer) throws(JobFailure) {
    digest.update(bufferPointer: text)
    bytes += text.count
    var rest = text
    while !rest.isEmpty {
      let count = min(rest.count, piece.count - filled)
      (piece.base + filled).copyMemory(from: rest.baseAddress!, byteCount: count)
      filled += count
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      if filled == piece.count {
        piece = try behind.exchange(piece)
        filled = 0
      }
    }
  }

  /// Makes the file durable; returns the digest in lower-case hexadecimal.
  func finish() throws(JobFailure) -> String {
    if let failure = behind.end() { throw failure }
    try file.sink.write(UnsafeRawBufferPointer(start: piece.base, count: filled), at: bytes - filled, isLast: true)
    try file.sink.seal(permissions: file.permissions)
    return digest.finalize().hexadecimal
  }
}
