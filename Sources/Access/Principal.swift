public import TallySchema

/// Who calls, and what this caller may do. Every access to a job, an input or a result is decided by it.
public struct Principal: Hashable, Sendable {
  /// Jobs belong to owners.
  public var owner: String
  public var scopes: Set<AccessScope>

  public init(owner: String, scopes: Set<AccessScope>) {
    self.owner = owner
    self.scopes = scopes
  }

  /// The caller of a server without tokens, or with the one token of its settings: everything is allowed.
  public static let local = Principal(owner: "local", scopes: Set(AccessScope.allCases))

  /// Checks one right.
  ///
  /// - Throws: ``RPCError`` (PERMISSION_DENIED), which names the scope that is missing.
  public func require(_ scope: AccessScope) throws(RPCError) {
    if scopes.contains(scope) { return }
    throw RPCError(
      .permissionDenied, reason: "SCOPE_REQUIRED",
      "This needs the scope '\(scope.rawValue)', which the token doesn't have. Use a token that has it.")
  }
}
