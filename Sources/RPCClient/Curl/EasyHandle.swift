import CTallyCurl

/// One easy handle with its options. Only the loop's thread touches it.
final class EasyHandle {
  let pointer: UnsafeMutableRawPointer
  let transfer: CurlTransfer
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private let proxy: ProxyChoice?
  private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

  /// - Throws: ``TransferError`` when an option is refused, such as a URL that is none.
  init(_ transfer: CurlTransfer) throws(TransferError) {
    guard let pointer = curl_easy_init() else { throw TransferError(kind: .other, message: "libcurl has no memory") }
    self.pointer = pointer
    self.transfer = transfer
    proxy = ProxyChoice(transfer.request)
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
    let through = proxy.map { ", through the proxy \($0.shown)" } ?? ""
    let message = (detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail) + through
    var error = TransferError(kind: .connection, message: message, code: Int(code.rawValue), wasSent: hasSent)
    switch code {
    // Of the whole exchange; else it is the connection's: not made in its own time, or silent for too long.
    case CURLE_OPERATION_TIMEDOUT where isOverTime: error.kind = .timeout
    case CURLE_BAD_CONTENT_ENCODING, CURLE_WEIRD_SERVER_REPLY: error.kind = .reply
    case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: error.kind = .invalidURL
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_ISSUER_ERROR,
      CURLE_SSL_INVALIDCERTSTATUS:
      error.kind = .tls
    case CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CIPHER, CURLE_BAD_FUNCTION_ARGUMENT,
      CURLE_UNKNOWN_OPTION, CURLE_NOT_BUILT_IN:
      error.kind = .refusedOption
    default: break
    }
    return error
  }

  /// Whether a connection stood, so that the request may have been sent.
  private var hasSent: Bool {
    var microseconds: curl_off_t = 0
    tally_curl_get_size(pointer, CURLINFO_PRETRANSFER_TIME_T, &microseconds)
    return microseconds > 0
  }

  private var isOverTime: Bool {
    guard let total = transfer.request.totalMilliseconds else { return false }
    var microseconds: curl_off_t = 0
    tally_curl_get_size(pointer, CURLINFO_TOTAL_TIME_T, &microseconds)
    return Int(microseconds) / 1_000 + 1 >= total
  }

  private func setOptions(_ request: HTTPRequestMessage) throws(TransferError) {
    tally_curl_set_pointer(pointer, CURLOPT_ERRORBUFFER, errorText)
    try check(tally_curl_set_string(pointer, CURLOPT_URL, request.url))
    try check(tally_curl_set_string(pointer, CURLOPT_PROTOCOLS_STR, "http,https"))
    tally_curl_set_long(pointer, CURLOPT_PATH_AS_IS, 1)
    if let path = request.socketPath { try check(tally_curl_set_string(pointer, CURLOPT_UNIX_SOCKET_PATH, path)) }
    // A lookup of a name that takes long would hold up every other transfer when this one is given up.
    tally_curl_set_quick_exit(pointer)
    // Signals belong to whoever embeds us.
    tally_curl_set_long(pointer, CURLOPT_NOSIGNAL, 1)
    try setVersion(request)
    try setTrust(request.options)
    if request.isSentOnce { tally_curl_set_long(pointer, CURLOPT_FRESH_CONNECT, 1) }
    tally_curl_set_long(pointer, CURLOPT_CONNECTTIMEOUT_MS, request.connectMilliseconds)
    if let total = request.totalMilliseconds { tally_curl_set_long(pointer, CURLOPT_TIMEOUT_MS, total) }
    if let seconds = request.silenceSeconds {
      // Paused transfers aren't counted.
      tally_curl_set_long(pointer, CURLOPT_LOW_SPEED_LIMIT, 1)
      tally_curl_set_long(pointer, CURLOPT_LOW_SPEED_TIME, seconds)
    }
    tally_curl_set_long(pointer, CURLOPT_TCP_KEEPALIVE, 1)
    // A response to HEAD has the length of a body that doesn't come.
    if request.method == "HEAD" { tally_curl_set_long(pointer, CURLOPT_NOBODY, 1) }
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
    if let upload = request.upload { setUpload(upload) }
    for field in request.headers {
      guard !(field.name + field.value).utf8.contains(where: { $0 == 0x0D || $0 == 0x0A || $0 == 0 }) else {
        throw TransferError(
          kind: .refusedOption, message: "the header '\(field.name)' holds a line end", wasSent: false)
      }
      headerList = curl_slist_append(
        headerList, field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
    }
    // Nothing of curl's own: no type that the body isn't of, and no "100 Continue" round trip.
    // But an upload that is refused needn't be sent.
    for name in ["Accept", "Content-Type"] + (request.upload == nil ? ["Expect"] : [])
    where !request.headers.contains(where: { $0.name.lowercased() == name.lowercased() }) {
      headerList = curl_slist_append(headerList, name + ":")
    }
    try check(tally_curl_set_list(pointer, CURLOPT_HTTPHEADER, headerList))
  }

  private func setUpload(_ upload: UploadBody) {
    tally_curl_set_long(pointer, CURLOPT_UPLOAD, 1)
    tally_curl_set_size(pointer, CURLOPT_INFILESIZE_LARGE, upload.length.map { curl_off_t($0) } ?? -1)
    tally_curl_set_pointer(pointer, CURLOPT_READDATA, Unmanaged.passUnretained(upload).toOpaque())
    tally_curl_set_callback(pointer, CURLOPT_READFUNCTION) { bytes, size, count, context in
      guard let bytes, let context else { return Int(CURL_READFUNC_ABORT) }
      let buffer = UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
      return switch Unmanaged<UploadBody>.fromOpaque(context).takeUnretainedValue().take(into: buffer) {
      case .bytes(let count): count
      case .pause: Int(CURL_READFUNC_PAUSE)
      case .abort: Int(CURL_READFUNC_ABORT)
      }
    }
  }

  /// Answers that are taken whole may share a connection and come compressed. Pausing under HTTP/2 has had several bugs, and
  /// a paused transfer would still inflate: what is read slowly comes by HTTP/1.1, as it is.
  private func setVersion(_ request: HTTPRequestMessage) throws(TransferError) {
    guard request.isSmall else {
      tally_curl_set_long(pointer, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
      return
    }
    try check(tally_curl_set_string(pointer, CURLOPT_ACCEPT_ENCODING, "gzip"))
    tally_curl_set_long(pointer, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
    // A call waits for a connection that is being made, to share it, and doesn't make one of its own.
    if request.url.hasPrefix("https:"), !request.isSentOnce { tally_curl_set_long(pointer, CURLOPT_PIPEWAIT, 1) }
  }

  private func setTrust(_ options: CurlOptions) throws(TransferError) {
    // Said in any case: what curl finds in the environment by itself would get calls to this machine as well.
    try check(tally_curl_set_string(pointer, CURLOPT_NOPROXY, proxy?.exclusions ?? "*"))
    if let file = options.authorityFile {
      try check(tally_curl_set_string(pointer, CURLOPT_CAINFO, file))
      // Otherwise curl would also trust the system's CAs.
      try check(tally_curl_set_string(pointer, CURLOPT_CAPATH, nil))
    }
    let texts = [
      (CURLOPT_SSLCERT, options.certificateFile), (CURLOPT_SSLKEY, options.keyFile),
      (CURLOPT_KEYPASSWD, options.keyPassword), (CURLOPT_PINNEDPUBLICKEY, options.pinnedPublicKey),
      (CURLOPT_PROXY, proxy?.url ?? ""), (CURLOPT_NETRC_FILE, options.netrcFile),
    ]
    for (option, text) in texts { if let text { try check(tally_curl_set_string(pointer, option, text)) } }
    if options.usesNetrc { tally_curl_set_long(pointer, CURLOPT_NETRC, Int(CURL_NETRC_OPTIONAL.rawValue)) }
    // A proxy's answer to CONNECT is no head of ours.
    tally_curl_set_long(pointer, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
  }

  private func setCallbacks() {
    let context = Unmanaged.passUnretained(transfer).toOpaque()
    tally_curl_set_pointer(pointer, CURLOPT_HEADERDATA, context)
    tally_curl_set_pointer(pointer, CURLOPT_WRITEDATA, context)
    tally_curl_set_callback(pointer, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      guard let bytes, let context else { return 0 }
      let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
      Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
        .receive(headLine: line)
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
