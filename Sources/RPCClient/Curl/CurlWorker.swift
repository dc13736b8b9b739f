import CTallyCurl

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The body of the loop's thread.
///
/// `@unchecked Sendable`: made by one thread, handed to the new one, and touched by that one alone.
final class CurlWorker: @unchecked Sendable {
  private let multi: MultiHandle
  private let count: @Sendable (Int) -> Void
  private let messages: @Sendable () -> [CurlLoop.Message]
  private let detach: @Sendable () -> Void
  private let ended: @Sendable () -> Void
  private var transfers: [Int: EasyHandle] = [:]
  /// The same by curl's own handles.
  private var ids: [UnsafeMutableRawPointer: Int] = [:]

  init(
    multi: MultiHandle, count: @escaping @Sendable (Int) -> Void,
    messages: @escaping @Sendable () -> [CurlLoop.Message],
    detach: @escaping @Sendable () -> Void,
    ended: @escaping @Sendable () -> Void
  ) {
    self.multi = multi
    self.count = count
    self.messages = messages
    self.detach = detach
    self.ended = ended
  }

  /// Starts the thread that runs the worker.
  ///
  /// - Returns: the system's number of what is wrong; 0: nothing.
  func start() -> Int32 {
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let context = Unmanaged.passRetained(self)
    let status = pthread_create(
      &thread, nil,
      { context in
        #if canImport(Darwin)
          let opaque: UnsafeMutableRawPointer = context
        #else
          let opaque = context!
        #endif
        Unmanaged<CurlWorker>.fromOpaque(opaque).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    guard status == 0 else {
      context.release()
      return status
    }
    #if canImport(Darwin)
      if let thread { pthread_detach(thread) }
    #else
      pthread_detach(thread)
    #endif
    return 0
  }

  private func run() {
    // TLS writes by plain write(): on a connection that the other end has closed, this would end the whole program. The
    // signal goes to the thread that wrote, which is ours.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    while carryOut(messages()) {
      var running: Int32 = 0
      curl_multi_perform(multi.pointer, &running)
      collectFinished()
      // The messages that came meanwhile have also woken the poll.
      curl_multi_poll(multi.pointer, nil, 0, 1_000, nil)
    }
    for (_, handle) in transfers {
      curl_multi_remove_handle(multi.pointer, handle.pointer)
      handle.transfer.finish(.failure(TransferError(kind: .cancelled, message: "the client has been shut down")))
      count(-1)
    }
    (transfers, ids) = ([:], [:])
    // Who waits for the end finds every file closed.
    detach()
    multi.close()
    ended()
  }

  /// False: stop.
  private func carryOut(_ messages: [CurlLoop.Message]) -> Bool {
    for message in messages {
      switch message {
      case .stop: return false
      case .add(let transfer): add(transfer)
      case .resume(let transfer):
        if let handle = transfers[transfer.id] { curl_easy_pause(handle.pointer, CURLPAUSE_CONT) }
      case .cancel(let transfer):
        guard let handle = transfers.removeValue(forKey: transfer.id) else { continue }
        ids[handle.pointer] = nil
        curl_multi_remove_handle(multi.pointer, handle.pointer)
        transfer.finish(.failure(TransferError(kind: .cancelled, message: "the call was cancelled")))
        count(-1)
      }
    }
    return true
  }

  private func add(_ transfer: CurlTransfer) {
    do throws(TransferError) {
      let handle = try EasyHandle(transfer)
      let code = curl_multi_add_handle(multi.pointer, handle.pointer)
      guard code == CURLM_OK else {
        throw TransferError(kind: .other, message: String(cString: curl_multi_strerror(code)))
      }
      transfers[transfer.id] = handle
      ids[handle.pointer] = transfer.id
      count(1)
    } catch {
      transfer.finish(.failure(error))
    }
  }

  private func collectFinished() {
    var left: Int32 = 0
    while let message = curl_multi_info_read(multi.pointer, &left) {
      var pointer: UnsafeMutableRawPointer?
      var code = CURLE_OK
      guard tally_curl_finished(message, &pointer, &code) != 0, let pointer,
        let id = ids.removeValue(forKey: pointer), let handle = transfers.removeValue(forKey: id)
      else { continue }
      curl_multi_remove_handle(multi.pointer, pointer)
      handle.transfer.finish(code == CURLE_OK ? .success(()) : .failure(handle.error(code)))
      count(-1)
    }
  }
}
