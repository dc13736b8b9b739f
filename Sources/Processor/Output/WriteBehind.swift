import CTallySystem

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes full pieces to a file one after the other, on a thread of its own; without a thread, on the caller's.
final class WriteBehind: Sendable {
  private struct State {
    var waiting: PageBuffer?
    var spare: PageBuffer?
    var offset = 0
    var isEnded = false
    /// The system's, of the first write that failed.
    var code: Int32 = 0
  }

  private let descriptor: Int32
  private let state: Monitor<State>
  private let thread: ThreadGroup.Handle?

  /// - Parameter spare: for the caller, while its first piece is written.
  init(descriptor: Int32, spare: PageBuffer) {
    self.descriptor = descriptor
    let state = Monitor(State(spare: spare))
    self.state = state
    thread = ThreadGroup.begin { WriteBehind.run(state, descriptor) }
  }

  /// Hands a full piece over and gives one to fill, once there is one; nil when a write has failed.
  func exchange(_ piece: PageBuffer) -> PageBuffer? {
    guard thread != nil else {
      return state.withLock { state in
        if state.code != 0 { return nil }
        state.code = WriteBehind.write(WriteBehind.bytes(of: piece), to: descriptor, at: state.offset)
        state.offset += piece.count
        return state.code == 0 ? piece : nil
      }
    }
    let taken: PageBuffer?? = state.wait { state in
      if state.code != 0 { return .some(nil) }
      guard state.waiting == nil, let spare = state.spare.take() else { return nil }
      state.waiting = piece
      return spare
    }
    return taken ?? nil
  }

  /// Waits until all is written; the system's code where it wasn't. May be called again.
  func end() -> Int32 {
    state.withLock { $0.isEnded = true }
    thread?.join()
    return state.withLock { $0.code }
  }

  private static func run(_ state: Monitor<State>, _ descriptor: Int32) {
    while true {
      let next: (PageBuffer, Int)?? = state.wait { state in
        if let waiting = state.waiting.take() { return (waiting, state.offset) }
        return state.isEnded ? .some(nil) : nil
      }
      guard let (piece, offset) = next ?? nil else { return }
      let code = write(bytes(of: piece), to: descriptor, at: offset)
      state.withLock { state in
        state.code = code
        state.offset += piece.count
        state.spare = piece
      }
      if code != 0 { return }
    }
  }

  private static func bytes(of piece: PageBuffer) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: piece.base, count: piece.count)
  }

  /// Writes all of the bytes; returns 0, or the system's code.
  static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int) -> Int32 {
    var written = 0
    var isThroughCache = false
    while written < bytes.count {
      let count = pwrite(descriptor, bytes.baseAddress! + written, bytes.count - written, off_t(offset + written))
      if count < 0 {
        if errno == EINTR { continue }
        if errno == EINVAL, !isThroughCache {
          // A file system that opens files for writing past the cache, and then can't.
          tally_clear_direct(descriptor)
          isThroughCache = true
          continue
        }
        return errno
      }
      written += count
    }
    return 0
  }
}
