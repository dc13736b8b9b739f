import Storage
import Synchronization
import TallySchema
import Testing
import Uploads

struct SegmentWriterTests {
  /// A file whose syncs fail as they are told.
  private final class File: SegmentFile {
    let content = Mutex<[UInt8]>([])
    let failures: Mutex<[Bool]>

    init(_ failures: [Bool]) { self.failures = Mutex(failures) }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(JobFailure) {
      let copy = Array(bytes)
      content.withLock { $0.replaceSubrange(offset..<$0.count, with: copy) }
    }

    func synchronize() throws(JobFailure) {
      let fails = failures.withLock { $0.isEmpty ? false : $0.removeFirst() }
      if fails { throw JobFailure(.unavailable, reason: "OUTPUT_FAILED", "The disk is broken.") }
    }

    func discard() {}
  }

  private func append(_ text: String, to writer: SegmentWriter) throws {
    try Array(text.utf8).withUnsafeBytes { try writer.append($0) }
  }

  @Test func aCheckpointIsWhatHasCome() throws {
    let file = File([])
    let writer = SegmentWriter(file, checksum: .crc32)
    try append("1234", to: writer)
    let first = try writer.checkpoint()
    #expect(first.bytes == 4 && first.sha256.hasPrefix("03ac674216f3e15c"))
    try append("56789", to: writer)
    #expect(try writer.checkpoint().bytes == 9 && writer.checksum == [0xCB, 0xF4, 0x39, 0x26])
    #expect(file.content.withLock { $0 } == Array("123456789".utf8))
  }

  /// The system tells of a failed write-back once: a second sync would call the same bytes durable.
  @Test func afterAFailedSyncNothingIsJournaled() throws {
    let writer = SegmentWriter(File([false, true, false]), checksum: nil)
    try append("1234", to: writer)
    #expect(try writer.checkpoint().bytes == 4)
    for _ in 0..<3 { #expect(throws: JobFailure.self) { try writer.checkpoint() } }
  }
}
