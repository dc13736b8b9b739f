import Synchronization

/// The memory, in bytes, that one server gives to its jobs.
public final class MemoryPool: Sendable {
  public let totalBytes: Int
  private let used = Mutex(0)

  public init(totalBytes: Int) { self.totalBytes = totalBytes }

  public var freeBytes: Int { totalBytes - used.withLock { $0 } }

  func take(_ bytes: Int) { used.withLock { $0 += bytes } }
  func giveBack(_ bytes: Int) { used.withLock { $0 -= bytes } }
}
