import HTTPTypes
import Hummingbird
import HummingbirdCore
import JobQueue
import Logging
import NIOCore
import Schema

/// Every path of the server, and who answers it.
struct HTTPRoutes: HTTPResponder {
  typealias Context = ConnectionContext

  let rpc: RPCEndpoint
  let results: ResultEndpoint
  let health: HealthEndpoint
  let origins: OriginPolicy
  let logger: Logger

  func respond(to request: Request, context: ConnectionContext) async throws -> Response {
    let authority = request.head.authority ?? request.headers[HTTPField.Name("Host")!]
    if let error = origins.refusal(authority: authority, origin: request.headers[.origin]) {
      return HTTPAnswers.refusal(.forbidden, error, closes: true)
    }
    do {
      return try await route(request, context)
    } catch {
      logger.error("a request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
      return HTTPAnswers.refusal(.internalServerError, .internalError)
    }
  }

  private func route(_ request: Request, _ connection: ConnectionContext) async throws -> Response {
    let path = request.uri.path
    if path == "/rpc" {
      return request.method == .post
        ? await rpc.respond(to: request, connection: connection) : HTTPAnswers.methodNotAllowed("POST")
    }
    guard request.method == .get || request.method == .head else {
      return HTTPRoutes.isKnown(path) ? HTTPAnswers.methodNotAllowed("GET, HEAD") : HTTPAnswers.notFound(path)
    }
    if let asset = PageAssets.response(path) { return asset }
    switch path {
    case "/up", "/healthz": return health.alive
    case "/up/databases": return await health.databases()
    case "/readyz": return await health.ready()
    default:
      guard HTTPRoutes.isKnown(path) else { return HTTPAnswers.notFound(path) }
      let job = String(path.dropFirst("/results/".count))
      return try await results.respond(job: job, owner: RPCContext().owner, isHead: request.method == .head)
    }
  }

  private static func isKnown(_ path: String) -> Bool {
    PageAssets.response(path) != nil || ["/up", "/healthz", "/up/databases", "/readyz"].contains(path)
      || (path.hasPrefix("/results/") && !path.dropFirst("/results/".count).contains("/"))
  }
}
