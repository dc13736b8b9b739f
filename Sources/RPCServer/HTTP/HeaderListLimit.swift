import HTTPTypes
import NIOCore
import NIOHTTP2
import TallySchema

/// The size of a request's fields with HTTP/2, where the parser of HTTP/1.1 isn't there to look at it.
enum HeaderListLimit {
  /// Bytes of a head, as a limit counts them (RFC 9113, section 6.5.2): of names and values, and 32 for each field.
  static func bytes(_ head: HTTPRequest) -> Int {
    let own = [head.method.rawValue, head.scheme, head.authority, head.path].compactMap { $0?.utf8.count }
    return head.headerFields.reduce(own.reduce(0) { $0 + $1 + 42 }) {
      $0 + $1.name.canonicalName.utf8.count + $1.value.utf8.count + 32
    }
  }

  /// Why a head is refused; nil: it isn't.
  static func refusal(_ head: HTTPRequest, _ limits: Limits) -> RPCError? {
    bytes(head) > limits.headerBytes ? error(limits) : nil
  }

  static func error(_ limits: Limits) -> RPCError {
    RPCError(
      .resourceExhausted, reason: "HEADERS_TOO_LARGE",
      "The headers are larger than \(limits.headerBytes) bytes (headerBytes).")
  }

  /// Tells an HTTP/2 client how large its heads may be. The library accepts 16 KiB until the client has confirmed the
  /// setting, and closes the connection for larger heads. The setting is twice the limit, so that heads of up to twice
  /// the limit get an error response.
  static func announce(_ limits: Limits, on channel: any Channel) {
    channel.eventLoop.execute {
      guard (try? channel.pipeline.syncOperations.handler(type: NIOHTTP2Handler.self)) != nil else { return }
      let setting = HTTP2Setting(parameter: .maxHeaderListSize, value: limits.headerBytes * 2)
      channel.writeAndFlush(HTTP2Frame(streamID: .rootStream, payload: .settings(.settings([setting]))), promise: nil)
    }
  }
}
