import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTPTypes
import TallySchema

/// The responses that more than one route gives.
enum HTTPAnswers {
  static func json(_ body: [UInt8], status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
    bytes(body, type: "application/json", status: status, headers: headers)
  }

  static func bytes(
    _ body: [UInt8], type: String, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
  ) -> Response {
    var headers = headers
    headers[.contentType] = type
    headers[.cacheControl] = headers[.cacheControl] ?? "no-store"
    headers[.xContentTypeOptions] = "nosniff"
    return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
  }

  /// A whole response for a connection's handler to write, the connection's last; its end is left to write.
  static func lastParts(_ status: HTTPResponse.Status, _ error: RPCError) -> [HTTPResponsePart] {
    let body = RPCResponse(id: .null, error: error).encoded()
    let head = HTTPResponse(
      status: status,
      headerFields: [.contentType: "application/json", .contentLength: String(body.count), .connection: "close"])
    return [.head(head), .body(ByteBuffer(bytes: body))]
  }

  static func text(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
    bytes(Array(text.utf8), type: "text/plain; charset=utf-8", status: status)
  }

  /// A refusal of the transport: an HTTP status, and a JSON-RPC error for the body.
  static func refusal(
    _ status: HTTPResponse.Status, _ error: RPCError, headers: HTTPFields = [:], closes: Bool = false
  ) -> Response {
    var headers = headers
    if closes { headers[.connection] = "close" }
    return json(RPCResponse(id: .null, error: error).encoded(), status: status, headers: headers)
  }

  static func notFound(_ path: String) -> Response {
    refusal(
      .notFound,
      RPCError(.notFound, reason: "NO_SUCH_PATH", "There is nothing at '\(Excerpt.of(path))'. Calls go to /rpc."))
  }

  static func methodNotAllowed(_ allowed: String) -> Response {
    refusal(
      .methodNotAllowed,
      RPCError(.unimplemented, reason: "METHOD_NOT_ALLOWED", "This path takes \(allowed) only."),
      headers: [.allow: allowed])
  }
}
