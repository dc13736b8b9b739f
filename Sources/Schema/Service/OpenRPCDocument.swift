/// The description of a service in the words of OpenRPC 1.3.2, made from its methods' descriptors.
public enum OpenRPCDocument {
  /// The version of OpenRPC.
  public static let version = "1.3.2"

  /// - Parameters:
  ///   - components: schemas that the methods' own refer to, by name.
  ///   - examples: for each method's name, its parameters by name and its result.
  public static func make(
    title: String, serviceVersion: String, methods: [any RPCDescriptor], components: [(String, JSONValue)],
    examples: [String: [RPCExample]] = [:]
  ) -> JSONValue {
    [
      "openrpc": .string(version), "info": ["title": .string(title), "version": .string(serviceVersion)],
      "methods": .array(methods.map { method($0, examples[$0.name] ?? []) }),
      "components": ["schemas": .object(components.map { JSONMember($0.0, $0.1) })],
    ]
  }

  private static func method(_ descriptor: any RPCDescriptor, _ examples: [RPCExample]) -> JSONValue {
    let description = descriptor.description
    let isPositional = description.positions == description.parameters.map(\.name)
    var members = [
      JSONMember("name", .string(descriptor.name)), JSONMember("summary", .string(descriptor.summary)),
      JSONMember("paramStructure", isPositional ? "either" : "by-name"),
      JSONMember("params", .array(description.parameters.map(content))),
      JSONMember("result", ["name": "result", "schema": description.result]),
      JSONMember("errors", .array(descriptor.errors.map(error))),
      JSONMember("examples", .array(examples.map { example($0, description.parameters) })),
      JSONMember("x-idempotency", .string(descriptor.idempotency.rawValue)),
      JSONMember("x-scope", .string(descriptor.scope.rawValue)),
    ]
    if !isPositional { members.append(JSONMember("x-positional", description.positions.json)) }
    if let event = description.event {
      members.append(JSONMember("x-streaming", ["notification": .string(event.name), "schema": event.schema]))
    }
    return .object(members)
  }

  private static func content(_ parameter: RPCParameter) -> JSONValue {
    [
      "name": .string(parameter.name), "summary": .string(parameter.summary), "required": .bool(parameter.isRequired),
      "schema": parameter.schema,
    ]
  }

  private static func error(_ error: RPCErrorDescription) -> JSONValue {
    [
      "code": .number(error.status.rpcCode), "message": .string(error.summary),
      "data": [
        "status": .string(error.status.name), "reason": .string(error.reason), "domain": .string(RPCError.domain),
      ],
    ]
  }

  private static func example(_ example: RPCExample, _ parameters: [RPCParameter]) -> JSONValue {
    let values = parameters.compactMap { parameter in
      example.parameters[parameter.name].map { ["name": .string(parameter.name), "value": $0] as JSONValue }
    }
    return [
      "name": .string(example.name), "params": .array(values), "result": ["name": "result", "value": example.result],
    ]
  }
}

/// An example of a call, which a test carries out.
public struct RPCExample: Hashable, Sendable {
  /// What the example shows.
  public var name: String
  /// By name.
  public var parameters: JSONValue
  /// The result.
  public var result: JSONValue

  /// An example of a call.
  public init(_ name: String, parameters: JSONValue, result: JSONValue) {
    self.name = name
    self.parameters = parameters
    self.result = result
  }
}

/// What a descriptor's types say of themselves.
public struct RPCDescription: Sendable {
  /// What the method takes.
  public var parameters: [RPCParameter]
  /// The names of the parameters that may be given by position.
  public var positions: [String]
  /// The result.
  public var result: JSONValue
  /// Of a stream's notifications.
  public var event: (name: String, schema: JSONValue)?
}
