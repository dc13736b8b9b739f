import Synchronization

/// The bytes that the answers of one batch may have together.
final class ResponseRoom: Sendable {
  private let left: Mutex<Int>

  init(bytes: Int) { left = Mutex(bytes) }

  /// An answer didn't fit: no more calls need to be carried out.
  var isFull: Bool { left.withLock { $0 <= 0 } }

  /// False: there isn't so much room; what is left is given up.
  func take(_ bytes: Int) -> Bool {
    left.withLock { left in
      left -= bytes
      return left >= 0
    }
  }
}
