import CTallyCurl

/// One easy handle with its options. Only the loop's thread touches it.
final class EasyHandle {
  let pointer: UnsafeMutableRawPointer
  let transfer: CurlTransfer
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

  /// - Throws: ``TransferError`` when an option is refused, such as a URL that is none.
  init(_ transfer: CurlTransfer) throws(TransferError) {
    guard let pointer = curl_easy_init() else { throw TransferError(kind: .other, message: "libcurl has no memory") }
    self.pointer = pointer
    self.transfer = transfer
    errorText[0] = 0
    try setOptions(transfer.request)
    setCallbacks()
  }

  deinit {
    curl_easy_cleanup(pointer)
    curl_slist_free_all(headerList)
    errorText.deallocate()
  }

  /// What curl says of a failure, in the client's terms.
  func error(_ code: CURLcode) -> TransferError {
    let detail = String(cString: errorText)
    let message = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
    let kind: TransferError.Kind =
      switch code {
      // Of the whole exchange, on a connection that stood; else it is the connection's: never made, or silent for too long.
      case CURLE_OPERATION_TIMEDOUT: transfer.request.totalMilliseconds != nil && hasConnected ? .timeout : .connection
      case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .invalidURL
      default: .connection
      }
    return TransferError(kind: kind, message: message)
  }

  private var hasConnected: Bool {
    var microseconds: curl_off_t = 0
    tally_curl_get_size(pointer, CURLINFO_CONNECT_TIME_T, &microseconds)
    return microseconds > 0
  }

  private func setOptions(_ request: HTTPRequestMessage) throws(TransferError) {
    tally_curl_set_pointer(pointer, CURLOPT_ERRORBUFFER, errorText)
    try check(tally_curl_set_string(pointer, CURLOPT_URL, request.url))
    try check(tally_curl_set_string(pointer, CURLOPT_PROTOCOLS_STR, "http,https"))
    // Signals belong to whoever embeds us.
    tally_curl_set_long(pointer, CURLOPT_NOSIGNAL, 1)
    // Pausing under HTTP/2 has had several bugs; HTTP/1.1 has one connection for each stream anyway.
    tally_curl_set_long(pointer, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
    if request.isSentOnce { tally_curl_set_long(pointer, CURLOPT_FRESH_CONNECT, 1) }
    tally_curl_set_long(pointer, CURLOPT_CONNECTTIMEOUT_MS, request.connectMilliseconds)
    if let total = request.totalMilliseconds { tally_curl_set_long(pointer, CURLOPT_TIMEOUT_MS, total) }
    if let seconds = request.silenceSeconds {
      // Paused transfers aren't counted.
      tally_curl_set_long(pointer, CURLOPT_LOW_SPEED_LIMIT, 1)
      tally_curl_set_long(pointer, CURLOPT_LOW_SPEED_TIME, seconds)
    }
    tally_curl_set_long(pointer, CURLOPT_TCP_KEEPALIVE, 1)
    try check(tally_curl_set_string(pointer, CURLOPT_CUSTOMREQUEST, request.method))
    if let body = request.body {
      tally_curl_set_size(pointer, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
      let code = body.withUnsafeBytes { bytes in
        // Copied: the array needn't live as long as the transfer.
        tally_curl_set_pointer(
          pointer, CURLOPT_COPYPOSTFIELDS,
          UnsafeMutableRawPointer(mutating: bytes.baseAddress ?? UnsafeRawPointer(errorText)))
      }
      try check(code)
    }
    for (name, value) in request.headers {
      guard !(name + value).unicodeScalars.contains(where: { $0 == "\r" || $0 == "\n" }) else {
        throw TransferError(kind: .other, message: "the header '\(name)' holds a line end")
      }
      headerList = curl_slist_append(headerList, value.isEmpty ? "\(name);" : "\(name): \(value)")
    }
    // No "100 Continue" round trip.
    headerList = curl_slist_append(headerList, "Expect:")
    try check(tally_curl_set_list(pointer, CURLOPT_HTTPHEADER, headerList))
  }

  private func setCallbacks() {
    let context = Unmanaged.passUnretained(transfer).toOpaque()
    tally_curl_set_pointer(pointer, CURLOPT_HEADERDATA, context)
    tally_curl_set_pointer(pointer, CURLOPT_WRITEDATA, context)
    tally_curl_set_callback(pointer, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      guard let bytes, let context else { return 0 }
      let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
      Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
        .receive(headLine: String(decoding: line, as: UTF8.self))
      return size * count
    }
    tally_curl_set_callback(pointer, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      guard let bytes, let context else { return 0 }
      let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
      let isTaken = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue().receive(piece)
      return isTaken ? size * count : Int(CURL_WRITEFUNC_PAUSE)
    }
  }

  private func check(_ code: CURLcode) throws(TransferError) {
    if code != CURLE_OK { throw error(code) }
  }
}
