import HTTPTypes
import HummingbirdCore

/// Which pages of other sites may call the server, and what a browser is told of it (WHATWG Fetch, section 3.2).
struct CORSPolicy: Sendable {
  /// Origins such as `https://example.org`, in lower case.
  var origins: Set<String>

  func allows(_ origin: String?) -> Bool { origin.flatMap(HeaderText.token).map { origins.contains($0) } ?? false }

  /// The answer to `OPTIONS`, which a browser asks before a call.
  ///
  /// - Parameter abilities: what a path's own protocol tells there.
  func preflight(allow: String, telling abilities: HTTPFields = [:]) -> Response {
    Response(
      status: .noContent,
      headers: [
        .allow: allow, .accessControlAllowMethods: allow, .accessControlMaxAge: "600",
        .accessControlAllowHeaders:
          "Accept, Authorization, Content-Digest, Content-Type, If-Match, If-None-Match, If-Range, Last-Event-ID, Range, "
          + "Repr-Digest, Tally-Timeout-Ms, " + TusField.requestFields,
      ] + abilities)
  }

  /// Adds what lets the page of an allowed origin read the answer.
  func extend(_ response: Response, origin: String?) -> Response {
    guard allows(origin), let origin else { return response }
    var response = response
    response.headers[.accessControlAllowOrigin] = origin
    response.headers[.accessControlExposeHeaders] =
      "Accept-Ranges, Content-Range, ETag, Repr-Digest, " + TusField.answerFields
    response.headers.append(HTTPField(name: .vary, value: "Origin"))
    return response
  }
}
