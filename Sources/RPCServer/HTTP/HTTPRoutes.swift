import Access
import HTTPTypes
import Hummingbird
import HummingbirdCore
import JobQueue
import Logging
import NIOCore
import TallySchema

/// Every path of the server, and who answers it.
struct HTTPRoutes: HTTPResponder {
  typealias Context = ConnectionContext

  let presences: ConnectionPresences
  let rpc: RPCEndpoint
  let results: ResultEndpoint
  let files: FileEndpoint
  let uploads: TusEndpoint
  let health: HealthEndpoint
  let metrics: MetricsEndpoint
  let origins: OriginPolicy
  let cors: CORSPolicy
  let tokens: TokenVerifier
  let isDraining: DrainFlag
  let logger: Logger

  func respond(to request: Request, context: ConnectionContext) async throws -> Response {
    var response = await answer(request, context)
    // Every answer but that to OPTIONS has it (tus 1.0, "Headers").
    let path = request.uri.path
    let isResumable =
      path.utf8.starts(with: "/uploads".utf8) && HeaderText.isASCII(path)
      && HTTPRoute(path: path)?.isResumable == true
    if isResumable { response.headers[TusField.resumable] = TusField.spoken }
    // A HEAD's answer has the length of what it leaves out (RFC 9110, section 9.3.2).
    return request.method == .head ? response.createHeadResponse() : response
  }

  private func answer(_ request: Request, _ context: ConnectionContext) async -> Response {
    let origin = request.headers[.origin]
    if presences.presence(of: context.channel)?.version == .http2,
      let error = HeaderListLimit.refusal(request.head, rpc.limits)
    {
      return HTTPAnswers.refusal(.requestHeaderFieldsTooLarge, error, closes: true)
    }
    if let error = originRefusal(request, origin) {
      return HTTPAnswers.refusal(error.status == .permissionDenied ? .forbidden : .badRequest, error, closes: true)
    }
    do {
      return cors.extend(
        try await StoreErrorInterceptor.translating { try await route(request, context) }, origin: origin)
    } catch let error as RPCError {
      let answer = HTTPAnswers.refusal(.init(code: error.status.httpStatus), error, closes: leavesBody(request))
      return cors.extend(answer, origin: origin)
    } catch is CancellationError {
      // The other end has gone.
      return Response(status: .init(code: 499))
    } catch {
      logger.error("a request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
      return HTTPAnswers.refusal(.internalServerError, .internalError, closes: leavesBody(request))
    }
  }

  /// Whether a file is still on its way, which nobody wants.
  private func leavesBody(_ request: Request) -> Bool {
    HeaderText.isASCII(request.uri.path) && HTTPRoute(path: request.uri.path)?.body == .upload
  }

  /// Why a request is refused for where it comes from.
  private func originRefusal(_ request: Request, _ origin: String?) -> RPCError? {
    let path = request.uri.path
    // With HTTP/1.1 the field is the authority by now. Beside HTTP/2's own it must be equal (RFC 9113, section 8.3.1).
    let hosts = HTTPField.Name("Host").map { request.headers[values: $0] } ?? []
    let authority = request.head.authority ?? hosts.first
    guard hosts.allSatisfy({ $0.hasSameBytes(as: authority ?? "") }) else {
      return RPCError(
        .invalidArgument, reason: "INVALID_HTTP", "The field Host names another host than the request.", code: 3)
    }
    let isAllowed = cors.allows(origin)
    var claim = OriginPolicy.Claim(authority: authority, origin: isAllowed ? nil : origin)
    if !isAllowed {
      claim.fetchSite = HTTPField.Name("Sec-Fetch-Site").flatMap { request.headers[$0] }
      claim.fetchMode = HTTPField.Name("Sec-Fetch-Mode").flatMap { request.headers[$0] }
    }
    claim.isHealthCheck = HTTPRoute.Health.allCases.map(\.rawValue).containsBytes(of: path)
    // No link of another site leads to what is called, or written.
    claim.isLinkable = HeaderText.isASCII(path) && HTTPRoute(path: path)?.body == HTTPRoute.Body.none
    return origins.refusal(claim)
  }

  private func route(_ request: Request, _ context: ConnectionContext) async throws -> Response {
    let path = request.uri.path
    // Every path of ours is ASCII; what follows may compare them as texts.
    guard HeaderText.isASCII(path), let route = HTTPRoute(path: path) else { return HTTPAnswers.notFound(path) }
    if request.method == .options {
      return cors.preflight(
        allow: HTTPRoutes.list(route.methods), telling: route.isResumable ? uploads.abilities : [:])
    }
    guard route.methods.contains(request.method) else {
      return HTTPAnswers.methodNotAllowed(HTTPRoutes.list(route.methods))
    }
    if case .everyone = route.access { return try await answer(open: route) }
    let authorization = request.headers[.authorization]
    guard let principal = tokens.principal(authorization: authorization) else {
      return TokenRefusal.response(authorization: authorization)
    }
    if isDraining.isSet {
      return HTTPAnswers.refusal(
        .serviceUnavailable, ProgressHub.shuttingDown, headers: [.retryAfter: "2"], closes: true)
    }
    if case .scope(let scope) = route.access { try principal.require(scope) }
    return try await answer(route, request, context, principal)
  }

  private func answer(
    _ route: HTTPRoute, _ request: Request, _ context: ConnectionContext, _ principal: Principal
  ) async throws -> Response {
    switch route {
    case .metrics: return try await metrics.respond()
    case .result(let job): return try await results.respond(to: request, .answer, job: job, owner: principal.owner)
    case .rejects(let job): return try await results.respond(to: request, .rejects, job: job, owner: principal.owner)
    case .file(let name):
      let presence = presences.presence(of: context.channel)
      return try await files.put(request, encodedName: name, owner: principal.owner) { presence?.wantsBody() }
    case .uploads, .upload:
      let presence = presences.presence(of: context.channel)
      let call = TusEndpoint.Call(request: request, owner: principal.owner) { presence?.wantsBody() }
      if case .upload(let id) = route { return try await uploads.respond(call, id: id) }
      return try await uploads.create(call)
    case .rpc:
      // The connection has been closed, so nobody would read an answer.
      guard let presence = presences.presence(of: context.channel) else { return Response(status: .init(code: 499)) }
      return request.method == .get
        ? await rpc.get(request, principal: principal, presence: presence)
        : await rpc.post(request, principal: principal, presence: presence)
    case .health, .page: return try await answer(open: route)
    }
  }

  private func answer(open route: HTTPRoute) async throws -> Response {
    switch route {
    case .health(.up), .health(.healthz): health.alive
    case .health(.databases): await health.databases()
    case .health(.readyz): await health.ready()
    case .page(let path): PageAssets.response(path) ?? HTTPAnswers.notFound(path)
    case .rpc, .result, .rejects, .file, .uploads, .upload, .metrics:
      HTTPAnswers.refusal(.internalServerError, .internalError)
    }
  }

  /// As `Allow` has them.
  private static func list(_ methods: [HTTPRequest.Method]) -> String {
    methods.map { $0.rawValue }.joined(separator: ", ")
  }
}
