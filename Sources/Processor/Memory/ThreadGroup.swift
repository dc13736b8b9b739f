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

  /// Runs every body on a thread of its own and returns when all have ended. Blocks the calling thread.
  static func run(_ bodies: [@Sendable () -> Void]) {
    let threads = bodies.map { start($0) }
    for thread in threads { pthread_join(thread, nil) }
  }

  /// Runs the body on a thread of its own; the task waits without holding a thread of the pool.
  static func detached<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      pthread_detach(start { continuation.resume(with: Result { try body() }) })
    }
  }

  private static func start(_ body: @escaping @Sendable () -> Void) -> pthread_t {
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let context = Unmanaged.passRetained(Body(body)).toOpaque()
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
      }, context)
    precondition(status == 0, "the machine has no thread left (pthread_create: \(status))")
    #if canImport(Darwin)
      return thread!
    #else
      return thread
    #endif
  }
}
