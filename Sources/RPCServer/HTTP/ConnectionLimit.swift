import Hummingbird
import HummingbirdCore
import Logging

/// Stops accepting while as many connections are open as may be, so that jobs and the store keep their file descriptors. New
/// ones wait in the system's queue until one ends. Belongs to the listening channel's event loop.
struct ConnectionLimit: AvailableConnectionsDelegate {
  private let most: Int
  private let logger: Logger
  private var open = 0
  /// Said when the limit is reached, and again only after half of the connections had ended.
  private var hasTold = false

  init(_ most: Int, logger: Logger) {
    self.most = most
    self.logger = logger
  }

  mutating func connectionOpened() {
    open += 1
    guard open >= most, !hasTold else { return }
    hasTold = true
    logger.warning(
      "as many connections are open as the limit (connections) allows; new ones wait",
      metadata: ["connections": "\(open)", "limit": "\(most)"])
  }

  mutating func connectionClosed() {
    open -= 1
    if open <= most / 2 { hasTold = false }
  }

  func isAcceptingNewConnections() -> Bool { open < most }
}
