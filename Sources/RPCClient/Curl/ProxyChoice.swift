#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The proxy that a request goes through: the one that was asked for, else the environment's, by curl's own rules
/// (curl(1), "ENVIRONMENT"). What the environment says never holds for this machine: a proxy elsewhere can't reach it, and would
/// be given the token.
struct ProxyChoice {
  var url: String
  /// Where it was found, for messages.
  private var source: String
  /// Hosts that it isn't for, as curl reads them: names, addresses and their ranges.
  private(set) var exclusions = ""

  /// Nil: there is none.
  init?(_ request: HTTPRequestMessage, environment: (String) -> String? = ProxyChoice.environment) {
    if let asked = request.options.proxy {
      if asked.isEmpty { return nil }
      (url, source) = (asked, "proxy")
      return
    }
    let (scheme, host) = ProxyChoice.target(request.url)
    guard request.socketPath == nil, !ProxyChoice.isLoopback(host) else { return nil }
    // Not HTTP_PROXY: a web server sets that from a caller's field.
    let names = scheme == "https" ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy"]
    let found = (names + ["all_proxy", "ALL_PROXY"]).compactMap { name in
      environment(name).flatMap { $0.isEmpty ? nil : (name, $0) }
    }.first
    exclusions = environment("no_proxy") ?? environment("NO_PROXY") ?? ""
    guard let found, !ProxyChoice.isExcluded(host, exclusions) else { return nil }
    (source, url) = found
  }

  /// The proxy without its password, and where it was found.
  var shown: String {
    let bare = url.split(separator: "@", omittingEmptySubsequences: false).last.map(String.init) ?? url
    let scheme = url.firstRange(of: "://").map { String(url[..<$0.upperBound]) } ?? ""
    return "'\(bare.count < url.count ? scheme + bare : bare)' (\(source))"
  }

  /// Whether a host is this machine: `localhost` and names below it (RFC 6761, section 6.3), 127.0.0.0/8, ::1.
  static func isLoopback(_ host: String) -> Bool {
    let host = host.lowercased()
    if host == "localhost" || host.hasSuffix(".localhost") || host == "[::1]" || host == "[0:0:0:0:0:0:0:1]" {
      return true
    }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  private static func isExcluded(_ host: String, _ list: String) -> Bool {
    list.lowercased().split { $0 == "," || $0 == " " }.contains { entry in
      let name = entry.drop { $0 == "." }
      return entry == "*" || host.lowercased() == name || host.lowercased().hasSuffix(".\(name)")
    }
  }

  /// A URL's scheme and host, the host with the brackets of an IPv6 address.
  private static func target(_ url: String) -> (scheme: String, host: String) {
    guard let mark = url.firstRange(of: "://") else { return ("http", url) }
    let authority = url[mark.upperBound...].prefix { $0 != "/" }
    let host = authority.split(separator: "@").last ?? ""
    let name = host.hasPrefix("[") ? host.prefix { $0 != "]" } + "]" : host.prefix { $0 != ":" }
    return (url[..<mark.lowerBound].lowercased(), String(name))
  }

  private static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
