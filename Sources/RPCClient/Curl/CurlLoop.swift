import CTallyCurl
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A thread that talks to libcurl: it owns the multi handle, and everything goes to it as a message.
///
/// The thread starts with the first transfer and ends with ``shutdown()``, or with the loop's last owner. No thread of
/// Swift's is ever blocked.
final class CurlLoop: Sendable {
  enum Message: Sendable {
    case add(CurlTransfer)
    case cancel(CurlTransfer)
    case resume(CurlTransfer)
    case stop
  }

  private struct State {
    var nextID = 0
    var queue: [Message] = []
    /// Whom to wake; nil before the first transfer, and once the thread takes no more messages.
    var multi: MultiHandle?
    var hasThread = false
    var isStopped = false
    var stopWaiters: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())
  private let startWorker: @Sendable (CurlWorker) -> Int32
  private let transferCount = Atomic(0)

  /// - Parameter startWorker: starts the worker's thread, and returns the system's number of what is wrong, 0: nothing.
  init(startWorker: @escaping @Sendable (CurlWorker) -> Int32 = { $0.start() }) { self.startWorker = startWorker }

  /// Transfers that have begun and not ended.
  var activeTransfers: Int { transferCount.load(ordering: .relaxed) }

  /// Begins a transfer.
  ///
  /// - Throws: ``TransferError`` after the shutdown, and where the process gets no thread for it.
  func begin(_ request: HTTPRequestMessage, bufferBytes: Int) throws(TransferError) -> CurlTransfer {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    let transfer = CurlTransfer(id: id, request: request, loop: self, bufferBytes: bufferBytes)
    guard try send(.add(transfer), starts: true) else {
      throw TransferError(kind: .cancelled, message: "the client has been shut down", wasSent: false)
    }
    return transfer
  }

  func cancel(_ transfer: CurlTransfer) { tell(.cancel(transfer)) }

  func resume(_ transfer: CurlTransfer) { tell(.resume(transfer)) }

  /// Ends all transfers and the thread, and returns when it has gone. May be called again.
  func shutdown() async {
    await withCheckedContinuation { continuation in
      let isDone = state.withLock { state in
        state.isStopped = true
        if state.hasThread { state.stopWaiters.append(continuation) }
        return !state.hasThread
      }
      if isDone { continuation.resume() } else { tell(.stop, force: true) }
    }
  }

  /// Ends the thread without waiting for it.
  func stop() {
    state.withLock { $0.isStopped = true }
    tell(.stop, force: true)
  }

  /// A message to a thread that is there; without one, there is nobody to be told.
  private func tell(_ message: Message, force: Bool = false) {
    // Nothing is thrown where no thread is started.
    _ = try? send(message, starts: false, force: force)
  }

  private func send(_ message: Message, starts: Bool, force: Bool = false) throws(TransferError) -> Bool {
    try state.withLock { state throws(TransferError) in
      if state.isStopped && !force { return false }
      if state.multi == nil {
        guard starts else { return true }
        state.multi = try startThread()
        state.hasThread = true
      }
      state.queue.append(message)
      if let multi = state.multi { curl_multi_wakeup(multi.pointer) }
      return true
    }
  }

  private func startThread() throws(TransferError) -> MultiHandle {
    CurlLoop.initializeLibrary
    guard let multi = MultiHandle() else {
      throw TransferError(kind: .other, message: "libcurl has no memory for a multi handle", wasSent: false)
    }
    let worker = CurlWorker(
      multi: multi, count: { [self] in transferCount.add($0, ordering: .relaxed) },
      messages: { [self] in
        state.withLock { state in
          defer { state.queue = [] }
          return state.queue
        }
      },
      detach: { [self] in state.withLock { $0.multi = nil } },
      ended: { [self] in
        let waiters = state.withLock { state in
          state.hasThread = false
          defer { state.stopWaiters = [] }
          return state.stopWaiters
        }
        for waiter in waiters { waiter.resume() }
      })
    let status = startWorker(worker)
    guard status == 0 else {
      multi.close()
      throw TransferError(
        kind: .other,
        message:
          "the process gets no thread for its calls (\(String(cString: strerror(status)))). Raise its limit of threads",
        wasSent: false)
    }
    return multi
  }

  /// With all that libcurl loads, TLS above all: some milliseconds.
  static let initializeLibrary: Void = { _ = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) }()
}

/// `@unchecked Sendable`: libcurl lets any thread call `curl_multi_wakeup`; everything else happens on the loop's thread,
/// which closes the handle only after it has been taken out of the loop's state under its lock.
final class MultiHandle: @unchecked Sendable {
  let pointer: UnsafeMutableRawPointer

  /// Nil: libcurl has no memory for it.
  init?() {
    guard let pointer = curl_multi_init() else { return nil }
    self.pointer = pointer
  }

  /// Ends its connections. Once, by the loop's thread, as its last use.
  func close() { curl_multi_cleanup(pointer) }
}
