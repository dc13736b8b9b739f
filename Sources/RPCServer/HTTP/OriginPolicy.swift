import HTTPTypes
import TallySchema

/// Who may speak to the server from a browser: pages of the server itself. Without this, any page on the web could call
/// a server on its reader's own machine, by a form or by a name that it lets point to 127.0.0.1 (DNS rebinding).
struct OriginPolicy: Sendable {
  /// Names by which the server may be called, besides the loopback's, in lower case; `*` allows every name.
  var hosts: Set<String>

  /// What a request says about where it comes from.
  struct Claim: Sendable {
    /// `Host`, or HTTP/2's `:authority`.
    var authority: String?
    /// `Origin`, unless it is one of the configured ones.
    var origin: String?
    /// `Sec-Fetch-Site` and `Sec-Fetch-Mode` (W3C Fetch Metadata), which a page can't set.
    var fetchSite: String?
    var fetchMode: String?
    /// The request asks whether the server lives, as probes of HTTP/1.0 do, which name no host.
    var isHealthCheck = false
    /// A link on another site may lead there: what comes is shown or saved, and no page reads it.
    var isLinkable = false
  }

  private static let loopback: Set<String> = ["localhost", "127.0.0.1", "[::1]"]
  /// Of a name and a port (RFC 1035, section 2.3.4).
  private static let authorityBytesMost = 255 + 6
  private static let originBytesMost = 512

  /// Why a request is refused; nil: it isn't.
  func refusal(_ claim: Claim) -> RPCError? {
    if let error = hostRefusal(claim) { return error }
    if let origin = claim.origin {
      let page = origin.utf8.count <= OriginPolicy.originBytesMost ? HeaderText.token(origin) : nil
      let host = page.flatMap { HeaderText.parts($0, by: "/").last }
      guard let host, !host.isEmpty, host == claim.authority?.lowercased() else {
        return OriginPolicy.notAllowed(origin)
      }
      return nil
    }
    // Images, frames and forms of another site's page have no Origin where they read.
    switch claim.fetchSite.map({ HeaderText.token($0) ?? "cross-site" }) {
    case nil, "same-origin", "none": return nil
    default:
      if claim.isLinkable, claim.fetchMode.flatMap(HeaderText.token) == "navigate" { return nil }
      return RPCError(
        .permissionDenied, reason: "ORIGIN_NOT_ALLOWED",
        "A page of another site may not call this server (Sec-Fetch-Site). Name its origin with --allowed-origins "
          + "(TALLY_ALLOWED_ORIGINS) if it may.")
    }
  }

  private func hostRefusal(_ claim: Claim) -> RPCError? {
    guard let authority = claim.authority else {
      return claim.isHealthCheck || hosts.contains("*") ? nil : OriginPolicy.unknownHost("")
    }
    guard OriginPolicy.isAuthority(authority) else {
      return RPCError(
        .invalidArgument, reason: "INVALID_HTTP", "'\(Excerpt.of(authority))' in the field Host is no host's name.",
        code: 3)
    }
    let host = OriginPolicy.withoutPort(authority).lowercased()
    guard hosts.contains("*") || OriginPolicy.loopback.contains(host) || hosts.contains(host) else {
      return OriginPolicy.unknownHost(host)
    }
    return nil
  }

  private static func unknownHost(_ host: String) -> RPCError {
    RPCError(
      .permissionDenied, reason: "HOST_NOT_ALLOWED",
      "The server isn't known as '\(Excerpt.of(host))'. Name it with --allowed-hosts (TALLY_ALLOWED_HOSTS) if it is.")
  }

  private static func notAllowed(_ origin: String) -> RPCError {
    RPCError(
      .permissionDenied, reason: "ORIGIN_NOT_ALLOWED",
      "Pages of '\(Excerpt.of(origin))' may not call this server. Name this origin with --allowed-origins "
        + "(TALLY_ALLOWED_ORIGINS) if they may.")
  }

  /// Whether a text can be a host with or without a port: letters, digits and what URLs have in them (RFC 3986, section
  /// 3.2), of a length that names have. Before anything compares it.
  static func isAuthority(_ text: String) -> Bool {
    text.utf8.count <= authorityBytesMost
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "-._~%!$&'()*+,;=:[]".utf8.contains(byte)
        }
      }
  }

  /// `localhost:8000` → `localhost`; `[::1]:8000` → `[::1]`.
  static func withoutPort(_ authority: String) -> String {
    guard let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") else { return authority }
    return String(authority[..<colon])
  }
}
