/// A stretch of a file that begins with a record and ends with one, and knows where it stands.
///
/// `@unchecked Sendable`: a block is filled by the reader, handed over through the queue's lock, and from then on
/// touched by the one worker that took it.
final class InputBlock: @unchecked Sendable {
  let buffer: PageBuffer
  let count: Int
  /// From 0, in the order of the files.
  let ordinal: Int
  /// The file's name, as it is shown to people.
  let file: String
  /// Of its first byte, in the file's text.
  let offset: Int
  /// The line of its first byte, from 1.
  let firstLine: Int
  let lineEnds: LineEnds

  private let pool: BlockPool

  init(
    buffer: PageBuffer, count: Int, ordinal: Int, file: String, offset: Int, firstLine: Int,
    lineEnds: LineEnds = LineEnds(), pool: BlockPool
  ) {
    self.buffer = buffer
    self.pool = pool
    self.count = count
    self.ordinal = ordinal
    self.file = file
    self.offset = offset
    self.firstLine = firstLine
    self.lineEnds = lineEnds
  }

  deinit { pool.giveBack(buffer) }

  /// What it takes of a queue: a small file's block is as large as every other's.
  var queuedBytes: Int { max(count, min(buffer.count, pool.blockBytes)) }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: buffer.base, count: count) }
}
