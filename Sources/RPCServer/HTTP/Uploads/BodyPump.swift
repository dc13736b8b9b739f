import HummingbirdCore
import NIOCore
import Synchronization

/// Brings the bytes of a request's body to the disk: while some are hashed and written, the next ones come. What has come is
/// written at once when nothing else is being written, so that nothing waits for a slow sender's next bytes.
struct BodyPump: Sendable {
  enum Problem: Error {
    /// More has come than may; what came before that is written.
    case tooMuch
    /// The body ended too early, or the connection broke; what came before that is written.
    case broken
  }

  /// Bytes that wait while others are written, at the most.
  private static let pendingBytesMost = 1 << 20

  /// Bytes of the whole body, at the most.
  let bytesMost: Int
  /// Writes what has come; called on a thread that may wait for a disk, one call at a time.
  let write: @Sendable ([ByteBuffer]) throws -> Void
  private let pending = Pending()

  init(bytesMost: Int, write: @escaping @Sendable ([ByteBuffer]) throws -> Void) {
    self.bytesMost = bytesMost
    self.write = write
  }

  /// Returns when all of the body is written.
  ///
  /// - Throws: ``Problem``; what ``write`` throws; `CancellationError`.
  func run(_ body: RequestBody) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      var total = 0
      var hasDrain = false
      var problem: (any Error)?
      do {
        for try await buffer in body {
          guard buffer.readableBytes <= bytesMost - total else { throw Problem.tooMuch }
          total += buffer.readableBytes
          if pending.put(buffer) {
            // The one before has ended: a group keeps what nobody has asked about.
            if hasDrain { _ = try await group.next() }
            hasDrain = true
            group.addTask { try await drain() }
          }
          if pending.bytes >= BodyPump.pendingBytesMost {
            try await group.waitForAll()
            hasDrain = false
          }
        }
        // The body of a task that is cancelled ends early, and this is no end of it.
        try Task.checkCancellation()
      } catch let error as Problem {
        problem = error
      } catch is CancellationError {
        throw CancellationError()
      } catch let error where pending.failed {
        throw error
      } catch {
        problem = Problem.broken
      }
      try await group.waitForAll()
      if let problem { throw problem }
    }
  }

  private func drain() async throws {
    while let buffers = pending.take() {
      do {
        try await onFileThread { [write] in try write(buffers) }
      } catch {
        pending.fail()
        throw error
      }
    }
  }

  /// What has come and isn't being written yet.
  private final class Pending: Sendable {
    private struct State {
      var buffers: [ByteBuffer] = []
      var bytes = 0
      var isDraining = false
      var failed = false
    }

    private let state = Mutex(State())

    var bytes: Int { state.withLock { $0.bytes } }
    var failed: Bool { state.withLock { $0.failed } }

    /// - Returns: whether somebody must begin to write.
    func put(_ buffer: ByteBuffer) -> Bool {
      state.withLock { state in
        state.buffers.append(buffer)
        state.bytes += buffer.readableBytes
        if state.isDraining { return false }
        state.isDraining = true
        return true
      }
    }

    /// - Returns: nil when nothing waits: whoever wrote has ended.
    func take() -> [ByteBuffer]? {
      state.withLock { state in
        if state.buffers.isEmpty {
          state.isDraining = false
          return nil
        }
        defer { (state.buffers, state.bytes) = ([], 0) }
        return state.buffers
      }
    }

    func fail() { state.withLock { $0.failed = true } }
  }
}
