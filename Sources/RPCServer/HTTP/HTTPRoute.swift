import HTTPTypes
import TallySchema

/// A path of the server: the methods that it takes, and the right that a caller needs.
enum HTTPRoute: Equatable {
  case rpc
  /// The job's identifier.
  case result(String)
  case metrics
  /// What tells whether the server lives.
  case health(Health)
  /// A part of the page, by its path.
  case page(String)

  enum Health: String, CaseIterable {
    case up = "/up"
    case healthz = "/healthz"
    case readyz = "/readyz"
    case databases = "/up/databases"
  }

  enum Access: Equatable {
    /// Open to all: the page asks for the token itself.
    case everyone
    case scope(AccessScope)
    /// What is called names its own scope.
    case calledMethod
  }

  private static let resultPrefix = "/results/"

  /// Nil: there is no such path.
  ///
  /// - Parameter path: ASCII.
  init?(path: String) {
    if path == "/rpc" {
      self = .rpc
    } else if path == "/metrics" {
      self = .metrics
    } else if let health = Health(rawValue: path) {
      self = .health(health)
    } else if path.hasPrefix(HTTPRoute.resultPrefix), !path.dropFirst(HTTPRoute.resultPrefix.count).contains("/") {
      self = .result(String(path.dropFirst(HTTPRoute.resultPrefix.count)))
    } else if PageAssets.response(path) != nil {
      self = .page(path)
    } else {
      return nil
    }
  }

  var methods: [HTTPRequest.Method] {
    switch self {
    case .rpc: [.get, .post, .options]
    case .result, .metrics, .health, .page: [.get, .head, .options]
    }
  }

  var access: Access {
    switch self {
    case .rpc: .calledMethod
    case .result: .scope(.read)
    case .metrics: .scope(.metrics)
    case .health, .page: .everyone
    }
  }
}
