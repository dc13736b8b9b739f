import NIOCore

/// Lets the kernel queue little that the other end has no room for yet: a socket then says that it can be written as soon as
/// some of that has gone, and a reader that is slow is told from one that takes nothing. What is on its way isn't limited by this
/// (tcp(7), TCP_NOTSENT_LOWAT).
enum UnsentBytes {
  private static let most: CInt = 128 << 10
  #if canImport(Darwin)
    private static let option = NIOBSDSocket.Option(rawValue: 0x201)
  #else
    private static let option = NIOBSDSocket.Option(rawValue: 25)
  #endif

  static func limit(of channel: (any Channel)?) {
    // What isn't TCP doesn't know it, and needs it less.
    guard let provider = channel as? any SocketOptionProvider else { return }
    provider.unsafeSetSocketOption(level: .tcp, name: option, value: most).whenFailure { _ in }
  }
}
