import Instrumentation
public import TallySchema
import Tracing

/// Gives each call a span, in the trace that its caller names (W3C Trace Context, by whatever tracer is installed).
public struct TracingInterceptor: RPCInterceptor {
  public init() {}

  public func intercept(
    _ call: RPCCall, _ descriptor: any RPCDescriptor, _ writer: any RPCEventWriter, next: Next
  ) async throws -> RPCAnswer {
    if InstrumentationSystem.instrument is NoOpInstrument { return try await next(call, writer) }
    var context = ServiceContext.current ?? ServiceContext.topLevel
    InstrumentationSystem.instrument.extract(call.context.metadata, into: &context, using: MetadataExtractor())
    return try await withoutActuallyEscaping(next) { next in
      try await withSpan(descriptor.name, context: context, ofKind: .server) { span in
        span.attributes["rpc.system"] = "jsonrpc"
        span.attributes["rpc.method"] = descriptor.name
        do {
          return try await next(call, writer)
        } catch let error as RPCError {
          span.attributes["rpc.jsonrpc.error_code"] = error.code
          throw error
        }
      }
    }
  }

  private struct MetadataExtractor: Extractor {
    func extract(key: String, from carrier: [String: String]) -> String? { carrier[key.lowercased()] }
  }
}
