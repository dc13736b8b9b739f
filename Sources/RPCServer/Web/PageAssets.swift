import HTTPTypes
import HummingbirdCore

/// The page and what belongs to it, built into the executable.
enum PageAssets {
  /// The asset of a path; nil where there is none.
  static func response(_ path: String) -> Response? {
    switch path {
    case "/": HTTPAnswers.bytes(PackageResources.page_html, type: "text/html; charset=utf-8", headers: securityHeaders)
    case "/page.css": HTTPAnswers.bytes(PackageResources.page_css, type: "text/css; charset=utf-8")
    default: script(path).map { HTTPAnswers.bytes($0, type: "text/javascript; charset=utf-8") }
    }
  }

  /// The page's own, and the client by which it calls the server.
  private static func script(_ path: String) -> [UInt8]? {
    switch path {
    case "/page.js": PackageResources.page_js
    case "/client/tally.js": PackageResources.tally_js
    case "/client/errors.js": PackageResources.errors_js
    case "/client/protocol.js": PackageResources.protocol_js
    case "/client/waiting.js": PackageResources.waiting_js
    default: nil
    }
  }

  /// Nothing is loaded from elsewhere, nothing inline is run, and no other page frames this one.
  private static let securityHeaders: HTTPFields = [
    .contentSecurityPolicy:
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
      + "form-action 'none'; frame-ancestors 'none'"
  ]
}
