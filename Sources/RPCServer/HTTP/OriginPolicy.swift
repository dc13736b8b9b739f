import HTTPTypes
import Schema

/// Who may speak to the server from a browser: pages of the server itself. Without this, any page on the web could call
/// a server on its reader's own machine, by a form or by a name that it lets point to 127.0.0.1 (DNS rebinding).
struct OriginPolicy: Sendable {
  /// Names by which the server may be called, besides the loopback's; `*` allows every name.
  var hosts: Set<String>

  private static let loopback: Set<String> = ["localhost", "127.0.0.1", "[::1]"]

  /// Why a request is refused; nil: it isn't.
  func refusal(authority: String?, origin: String?) -> RPCError? {
    let host = authority.map(OriginPolicy.withoutPort)?.lowercased() ?? ""
    guard hosts.contains("*") || OriginPolicy.loopback.contains(host) || hosts.contains(host) else {
      return RPCError(
        .permissionDenied, reason: "HOST_NOT_ALLOWED",
        "The server isn't known as '\(host)'. Name it with --allowed-hosts if it is.")
    }
    guard let origin else { return nil }
    let page = origin.split(separator: "/", omittingEmptySubsequences: true).last.map(String.init)?.lowercased()
    guard page != nil, page == authority?.lowercased() else {
      return RPCError(
        .permissionDenied, reason: "ORIGIN_NOT_ALLOWED", "Pages of '\(origin)' may not call this server.")
    }
    return nil
  }

  /// `localhost:8000` → `localhost`; `[::1]:8000` → `[::1]`.
  static func withoutPort(_ authority: String) -> String {
    guard let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") else { return authority }
    return String(authority[..<colon])
  }
}
