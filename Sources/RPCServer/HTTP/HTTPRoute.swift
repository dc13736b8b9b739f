import HTTPTypes
import TallySchema

/// A path of the server: the methods that it takes, the right that a caller needs, and what it does with a request's body. The
/// one table of routes: whoever handles a connection asks it before anything of the request is handled.
enum HTTPRoute: Equatable {
  case rpc
  /// The job's identifier.
  case result(String)
  /// The rows that a job has left out; the job's identifier.
  case rejects(String)
  /// A file of the data folder, by its name, percent-encoded.
  case file(String)
  /// Where uploads in pieces begin.
  case uploads
  /// An upload's identifier.
  case upload(String)
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

  /// What is done with the body of a request.
  enum Body: Equatable {
    /// It has none; what comes is passed over.
    case none
    /// A JSON text: it must have come whole within a time, and has a size.
    case json
    /// A file: its next bytes must come within a time. `100 Continue` waits until it is wanted.
    case upload
  }

  private static let resultPrefix = "/results/"
  private static let filePrefix = "/files/"
  private static let uploadPrefix = "/uploads/"

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
    } else if path.hasPrefix(HTTPRoute.resultPrefix), let route = HTTPRoute(result: path) {
      self = route
    } else if path.hasPrefix(HTTPRoute.filePrefix) {
      self = .file(String(path.dropFirst(HTTPRoute.filePrefix.count)))
    } else if path == "/uploads" || path == HTTPRoute.uploadPrefix {
      self = .uploads
    } else if path.hasPrefix(HTTPRoute.uploadPrefix) {
      self = .upload(String(path.dropFirst(HTTPRoute.uploadPrefix.count)))
    } else if PageAssets.response(path) != nil {
      self = .page(path)
    } else {
      return nil
    }
  }

  /// - Parameter path: that begins with ``resultPrefix``.
  private init?(result path: String) {
    let parts = path.dropFirst(HTTPRoute.resultPrefix.count).split(separator: "/", omittingEmptySubsequences: false)
    switch parts.count {
    case 1: self = .result(String(parts[0]))
    case 2 where parts[1] == "rejects": self = .rejects(String(parts[0]))
    default: return nil
    }
  }

  var methods: [HTTPRequest.Method] {
    switch self {
    case .rpc: [.get, .post, .options]
    case .file: [.put, .options]
    case .uploads: [.post, .options]
    // A client that can't send the others sends POST, and says in a field which is meant.
    case .upload: [.head, .patch, .delete, .post, .options]
    case .result, .rejects, .metrics, .health, .page: [.get, .head, .options]
    }
  }

  /// Whether uploads in pieces are spoken of there.
  var isResumable: Bool {
    switch self {
    case .uploads, .upload: true
    case .rpc, .result, .rejects, .file, .metrics, .health, .page: false
    }
  }

  var access: Access {
    switch self {
    case .rpc: .calledMethod
    case .result, .rejects: .scope(.read)
    case .file, .uploads, .upload: .scope(.upload)
    case .metrics: .scope(.metrics)
    case .health, .page: .everyone
    }
  }

  var body: Body {
    switch self {
    case .rpc: .json
    case .file, .uploads, .upload: .upload
    case .result, .rejects, .metrics, .health, .page: .none
    }
  }
}
