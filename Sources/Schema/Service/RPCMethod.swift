/// The description of a method: the only place where it is described. Router, client, help and `rpc.discover` derive
/// from it.
public protocol RPCDescriptor<Parameters, Output>: Sendable {
  /// What the method takes.
  associatedtype Parameters: RPCParameters
  /// The result.
  associatedtype Output: RPCValue
  /// The method's name on the wire.
  var name: String { get }
  /// What the method does, in a sentence.
  var summary: String { get }
  /// Whether a call may be sent again.
  var idempotency: RPCIdempotency { get }
  /// What a caller's token must have.
  var scope: AccessScope { get }
  /// Milliseconds after which a call without a deadline of its own is given up; nil: never.
  var defaultDeadlineMilliseconds: Int? { get }
  /// The reasons of the errors that are this method's own.
  var errors: [RPCErrorDescription] { get }
  /// What its types say of themselves.
  var description: RPCDescription { get }
}

/// A method with one answer: a stream of no events and one result.
public struct RPCMethod<Parameters: RPCParameters, Output: RPCValue>: RPCDescriptor {
  /// The method's name.
  public let name: String
  /// What the method does, in a sentence.
  public let summary: String
  /// Whether a call may be sent again.
  public let idempotency: RPCIdempotency
  /// What a caller's token must have.
  public let scope: AccessScope
  /// Milliseconds after which a call without a deadline of its own is given up; nil: never.
  public let defaultDeadlineMilliseconds: Int?
  /// The errors that are the method's own.
  public let errors: [RPCErrorDescription]

  /// A method with these properties.
  public init(
    _ name: String, summary: String, idempotency: RPCIdempotency, scope: AccessScope,
    defaultDeadlineMilliseconds: Int? = 30_000, errors: [RPCErrorDescription] = []
  ) {
    self.name = name
    self.summary = summary
    self.idempotency = idempotency
    self.scope = scope
    self.defaultDeadlineMilliseconds = defaultDeadlineMilliseconds
    self.errors = errors
  }

  /// What its types say of themselves.
  public var description: RPCDescription {
    RPCDescription(parameters: Parameters.parameters, positions: Parameters.positions, result: Output.jsonSchema)
  }
}

/// A method that answers with events, as notifications, and then exactly one result.
public struct RPCStream<Parameters: RPCParameters, Event: RPCValue, Output: RPCValue>: RPCDescriptor {
  /// The method's name.
  public let name: String
  /// What the method does, in a sentence.
  public let summary: String
  /// The method of its notifications.
  public let eventName: String
  /// Whether a call may be sent again.
  public let idempotency: RPCIdempotency
  /// What a caller's token must have.
  public let scope: AccessScope
  /// The errors that are the method's own.
  public let errors: [RPCErrorDescription]
  /// Nil: a stream ends with its job.
  public var defaultDeadlineMilliseconds: Int? { nil }

  /// A method with these properties.
  public init(
    _ name: String, summary: String, eventName: String, idempotency: RPCIdempotency, scope: AccessScope,
    errors: [RPCErrorDescription] = []
  ) {
    self.name = name
    self.summary = summary
    self.eventName = eventName
    self.idempotency = idempotency
    self.scope = scope
    self.errors = errors
  }

  /// What its types say of themselves.
  public var description: RPCDescription {
    RPCDescription(
      parameters: Parameters.parameters, positions: Parameters.positions, result: Output.jsonSchema,
      event: (eventName, Event.jsonSchema))
  }
}

/// Whether a call may be sent again when its answer was lost.
public enum RPCIdempotency: String, Sendable {
  /// It reads only.
  case safe
  /// Repeating the call has no further effect.
  case idempotent
  /// Only with an idempotency key.
  case withKey
}

/// One error of a method: its status, its reason, and when it happens.
public struct RPCErrorDescription: Hashable, Sendable {
  /// The kind of error.
  public var status: RPCStatus
  /// The error's name.
  public var reason: String
  /// When it happens.
  public var summary: String

  /// An error with these properties.
  public init(_ status: RPCStatus, _ reason: String, _ summary: String) {
    self.status = status
    self.reason = reason
    self.summary = summary
  }
}

/// The parameters of a method. By name they are an object; by position, an array in the order of `positions`.
public protocol RPCParameters: Sendable {
  /// Reads the parameters by name.
  ///
  /// - Parameter limits: the server's, which sizes are checked against.
  /// - Throws: ``JSONFieldError``, which names the parameter.
  init(json: JSONValue, limits: Limits) throws
  /// The parameters as an object.
  var json: JSONValue { get }
  /// In positional order.
  static var parameters: [RPCParameter] { get }
  /// Names in positional order: all of them, unless a method says otherwise.
  static var positions: [String] { get }
}

extension RPCParameters {
  /// All names.
  public static var positions: [String] { parameters.map(\.name) }
}

extension RPCParameters {
  /// Reads the raw text of a request's `params`: by name or by position. Absent: no parameter at all.
  ///
  /// - Parameter limits: the server's.
  /// - Throws: ``RPCError`` -32602, which names the parameter.
  public init(raw: ArraySlice<UInt8>?, limits: Limits) throws(RPCError) {
    do {
      guard let raw else {
        self = try Self(json: .object([]), limits: limits)
        return
      }
      let value = try JSONValue(parsing: raw, depthLimit: limits.jsonDepth)
      guard case .array(let items) = value else {
        self = try Self(json: value, limits: limits)
        return
      }
      if items.count > Self.positions.count {
        throw JSONFieldError(
          field: "\(Self.positions.count)", rule: "is one positional parameter too many; they are \(Self.positions)")
      }
      self = try Self(json: .object(zip(Self.positions, items).map { JSONMember($0, $1) }), limits: limits)
    } catch let error as JSONFieldError {
      throw .invalidParameters(error)
    } catch let error as RPCError {
      throw error
    } catch {
      throw .invalidParameters("Invalid parameters: \(error).")
    }
  }
}

/// The parameters of a method that has none.
public struct NoParameters: RPCParameters, Hashable {
  /// What the method takes, in the order of its description.
  public static let parameters: [RPCParameter] = []
  /// No parameters.
  public init() {}
  /// Reads the parameters from their JSON form.
  ///
  /// - Parameter limits: the server's.
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue, limits: Limits) throws {
    let fields = try JSONFields(json, of: "params")
    try fields.refuseTheRest()
  }
  /// The JSON form.
  public var json: JSONValue { .object([]) }
}
