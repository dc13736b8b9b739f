#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Threads of our own for work that computes, so that Swift's shared pool stays free for calls.
enum ThreadGroup {
  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// The machine gives no more threads.
  struct NoThreads: Error {}

  /// Runs every body on a thread of its own and returns when all have ended. Blocks the calling thread.
  ///
  /// - Parameter onRefusal: called when the machine has no thread for one of them; it must let the others end.
  /// - Throws: ``NoThreads``, when the others have ended.
  static func run(_ bodies: [@Sendable () -> Void], onRefusal: () -> Void) throws(NoThreads) {
    var threads: [pthread_t] = []
    var isRefused = false
    for body in bodies {
      guard let thread = start(body) else {
        isRefused = true
        onRefusal()
        break
      }
      threads.append(thread)
    }
    for thread in threads { pthread_join(thread, nil) }
    if isRefused { throw NoThreads() }
  }

  /// Runs bodies that share one work, of which any number may be missing: on the calling thread where there is no other.
  static func runSharing(_ bodies: [@Sendable () -> Void]) {
    let threads = bodies.compactMap { start($0) }
    if threads.isEmpty { bodies.first?() }
    for thread in threads { pthread_join(thread, nil) }
  }

  /// Runs the body on a thread of its own; the task waits without holding a thread of the pool.
  static func detached<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      guard let thread = start({ continuation.resume(with: Result { try body() }) }) else {
        return continuation.resume(throwing: NoThreads())
      }
      pthread_detach(thread)
    }
  }

  /// A thread that has been started and has to be waited for.
  ///
  /// `@unchecked Sendable`: `join` waits once, under the monitor's lock, however many ask.
  final class Handle: @unchecked Sendable {
    private let thread: pthread_t
    private let isJoined = Monitor(false)
    fileprivate init(_ thread: pthread_t) { self.thread = thread }

    /// Waits for the thread's end. May be called again.
    func join() {
      isJoined.withLock { isJoined in
        if !isJoined { pthread_join(thread, nil) }
        isJoined = true
      }
    }
  }

  /// Runs the body on a thread of its own, which the caller joins. Nil: the machine has no thread left.
  static func begin(_ body: @escaping @Sendable () -> Void) -> Handle? { start(body).map { Handle($0) } }

  /// Nil: the machine has no thread left.
  private static func start(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let context = Unmanaged.passRetained(Body(body))
    let status = pthread_create(
      &thread, nil,
      { context in
        #if canImport(Darwin)
          let opaque: UnsafeMutableRawPointer = context
        #else
          let opaque = context!
        #endif
        Unmanaged<Body>.fromOpaque(opaque).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    guard status == 0 else {
      context.release()
      return nil
    }
    return thread
  }
}
