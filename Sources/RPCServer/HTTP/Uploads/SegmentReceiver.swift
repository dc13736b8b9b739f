import HummingbirdCore
import JobRunner
import NIOCore
import Storage
import TallySchema
import Uploads

/// The body of a `PATCH` on its way to the disk and into the journal: now and then, what is there is made durable and journaled,
/// and it is looked whether another request has taken over.
struct SegmentReceiver: Sendable {
  /// What is journaled at the latest: after so many bytes, and after so long.
  private static let checkpointBytes = 64 << 20
  private static let checkpointInterval = Duration.seconds(1)
  private static let lookInterval = Duration.milliseconds(50)

  /// Another request has taken over, or the upload is gone.
  struct Superseded: Error {}

  let writer: SegmentWriter
  let journal: SegmentJournal
  /// Bytes that the upload may still get.
  let bytesMost: Int
  /// Whether the disk has room for more.
  let checkRoom: @Sendable () throws -> Void
  /// Only the whole counts, which a checksum has to be compared with: nothing is journaled before the end.
  let isWhole: Bool

  /// Returns when all of the body is written. What is journaled by then may be less.
  ///
  /// - Throws: `BodyPump.Problem`; ``Superseded``; `JobFailure` when the disk takes no more; what the journal throws.
  func receive(_ body: RequestBody) async throws {
    let pump = BodyPump(bytesMost: bytesMost) { [writer, checkRoom] buffers in
      try checkRoom()
      for buffer in buffers { try buffer.withUnsafeReadableBytes { try writer.append($0) } }
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await pump.run(body) }
      group.addTask { try await tick() }
      // The clock ends by an error alone, so the first end is the body's.
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  /// Makes durable what has come, and journals it.
  ///
  /// - Throws: ``Superseded``; `JobFailure`; what the journal throws.
  func checkpoint() async throws {
    let checkpoint = try await onFileThread { [writer] in try writer.checkpoint() }
    guard checkpoint.bytes > 0 else { return }
    Failpoint.segmentSynced.reach()
    try await journal.add(checkpoint)
    Failpoint.segmentJournaled.reach()
  }

  /// A sender that is slow, or has gone without a word, loses no more than a second of what has come, and goes on no longer than
  /// that once another has taken over.
  private func tick() async throws {
    var (journaled, last) = (0, ContinuousClock.now)
    while true {
      try await Task.sleep(for: SegmentReceiver.lookInterval)
      let (bytes, now) = (writer.bytes, ContinuousClock.now)
      let isDue = now - last >= SegmentReceiver.checkpointInterval
      if bytes > journaled, !isWhole, isDue || bytes - journaled >= SegmentReceiver.checkpointBytes {
        try await checkpoint()
        (journaled, last) = (bytes, now)
      } else if isDue {
        try await journal.look()
        last = now
      }
    }
  }
}
