public import TallySchema

/// The methods of a server, by name. One form for all: a unary call is a stream of no events and one result.
public struct RPCRouter: Sendable {
  public typealias Handler = @Sendable (RPCCall, any RPCEventWriter) async throws -> RPCAnswer

  typealias Opening = @Sendable (RPCCall) async throws -> StreamOpening

  struct Entry: Sendable {
    var descriptor: any RPCDescriptor
    var isStream: Bool
    var handler: Handler
    /// Looks at a stream before it is begun.
    var opening: Opening?
  }

  /// By bytes: the names that are looked up are the callers'.
  private var entries: [UTF8Key: Entry] = [:]

  private let limits: Limits

  /// - Parameter limits: the server's, for the parameters of every call.
  public init(limits: Limits) { self.limits = limits }

  /// Adds a method with one answer.
  ///
  /// - Throws: ``DuplicateMethod``.
  public mutating func register<Parameters, Output>(
    _ method: RPCMethod<Parameters, Output>,
    _ body: @escaping @Sendable (Parameters, RPCContext) async throws -> Output
  ) throws {
    try add(method, isStream: false) { [limits] call, _ in
      let parameters = try Parameters(raw: call.request.parameters, limits: limits)
      return RPCAnswer(try await body(parameters, call.context).json)
    }
  }

  /// Adds a method that writes events before its answer.
  ///
  /// - Parameter opening: tells what a stream will begin with, for transports that want to know before they answer.
  /// - Throws: ``DuplicateMethod``.
  public mutating func register<Parameters, Event, Output>(
    _ method: RPCStream<Parameters, Event, Output>,
    opening: (@Sendable (Parameters, RPCContext) async throws -> StreamOpening)? = nil,
    _ body: @escaping @Sendable (Parameters, RPCContext, any RPCEventWriter) async throws -> (Output, cursor: String?)
  ) throws {
    try add(method, isStream: true) { [limits] call, writer in
      let parameters = try Parameters(raw: call.request.parameters, limits: limits)
      let (output, cursor) = try await body(parameters, call.context, writer)
      return RPCAnswer(output.json, cursor: cursor)
    }
    guard let opening else { return }
    entries[UTF8Key(method.name)]?.opening = { [limits] call in
      try await opening(try Parameters(raw: call.request.parameters, limits: limits), call.context)
    }
  }

  /// The methods' descriptors, by name.
  public var descriptors: [any RPCDescriptor] {
    entries.values.map(\.descriptor).sorted { $0.name < $1.name }
  }

  func entry(_ name: String) -> Entry? { entries[UTF8Key(name)] }

  private mutating func add(_ descriptor: any RPCDescriptor, isStream: Bool, _ handler: @escaping Handler) throws {
    guard entries[UTF8Key(descriptor.name)] == nil else { throw DuplicateMethod(name: descriptor.name) }
    entries[UTF8Key(descriptor.name)] = Entry(descriptor: descriptor, isStream: isStream, handler: handler)
  }
}

/// What a stream has for its caller.
public enum StreamOpening: Hashable, Sendable {
  /// Events, or a final response.
  case messages
  /// Nothing: the caller, who resumes, has received the final response already.
  case over
}

/// Two methods of one name.
public struct DuplicateMethod: Error, Hashable, CustomStringConvertible {
  public var name: String
  public var description: String { "the method '\(name)' is registered twice" }
}
