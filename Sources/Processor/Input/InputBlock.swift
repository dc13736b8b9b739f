/// A stretch of a file that begins with a record and ends with one, and knows where it stands.
///
/// `@unchecked Sendable`: a block is filled by the reader, handed over through the queue's lock, and from then on
/// touched by the one worker that took it.
final class InputBlock: @unchecked Sendable {
  let buffer: PageBuffer
  let count: Int
  /// From 0, in the order of the file.
  let ordinal: Int
  /// The line of its first byte, from 1.
  let firstLine: Int

  private let pool: BlockPool

  init(buffer: PageBuffer, count: Int, ordinal: Int, firstLine: Int, pool: BlockPool) {
    self.buffer = buffer
    self.pool = pool
    self.count = count
    self.ordinal = ordinal
    self.firstLine = firstLine
  }

  deinit { pool.giveBack(buffer) }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: buffer.base, count: count) }
}
