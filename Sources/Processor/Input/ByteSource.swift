import Storage
import Synchronization
import TallySchema

/// Bytes from the first to the last, for one thread.
protocol ByteSource: AnyObject {
  /// Fills the buffer; returns fewer bytes only at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(JobFailure) -> Int
}

extension ByteSource {
  /// The next bytes, so many at the most; fewer only at the end.
  func read(most: Int) throws(JobFailure) -> [UInt8] {
    if most <= 0 { return [] }
    var bytes = [UInt8](repeating: 0, count: most)
    let got: Result<Int, JobFailure> = bytes.withUnsafeMutableBytes { buffer in
      Result { () throws(JobFailure) in try read(into: buffer) }
    }
    bytes.removeLast(most - (try got.get()))
    return bytes
  }

  /// Reads past so many bytes.
  func skip(_ bytes: Int) throws(JobFailure) {
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
    defer { room.deallocate() }
    var left = bytes
    while left > 0 {
      let got = try read(into: UnsafeMutableRawBufferPointer(rebasing: room[..<min(left, room.count)]))
      if got == 0 { return }
      left -= got
    }
  }
}

/// A file's own bytes, from an offset on.
final class FileSource: ByteSource {
  private let file: InputFile
  private var offset: Int
  private let counters: ProgressCounters?
  /// Open from the first read to the last.
  private var opened: (any InputObject)?

  /// - Parameter counters: told of what is read.
  init(_ file: InputFile, from offset: Int, counters: ProgressCounters?) {
    self.file = file
    self.offset = offset
    self.counters = counters
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(JobFailure) -> Int {
    let wanted = min(buffer.count, max(file.size - offset, 0))
    if wanted == 0 {
      opened = nil
      return 0
    }
    if opened == nil { opened = try file.opened() }
    let got = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), at: offset)
    // Shorter than it was when it was opened.
    if got < wanted { throw file.changed() }
    offset += got
    counters?.bytesRead.add(got, ordering: .relaxed)
    return got
  }
}
