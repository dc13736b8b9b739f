import TallySchema
import Testing

@testable import Access

/// Who a caller is, and what this caller may do.
@Suite struct AccessTests {
  @Test func aTokenIsComparedWhole() {
    let tokens = TokenVerifier(token: Secret("secret"))
    for (header, isKnown) in [
      ("Bearer secret", true), ("bearer secret", true), ("BEARER \t secret \t", true), ("Bearer secre", false),
      ("Bearer secrets", false),
      ("Basic secret", false), ("secret", false),
    ] {
      #expect((tokens.principal(authorization: header) != nil) == isKnown, "\(header)")
    }
    #expect(tokens.principal(authorization: nil) == nil)
  }

  @Test(arguments: [nil, Secret("")]) func withoutATokenEveryoneIsLocal(token: Secret?) {
    #expect(TokenVerifier(token: token).principal(authorization: nil) == .local)
    #expect(TokenVerifier(token: token).principal(authorization: "Bearer anything") == .local)
  }

  @Test(arguments: AccessScope.allCases) func aPrincipalMayDoWhatItsScopesSay(scope: AccessScope) throws {
    try Principal.local.require(scope)
    try Principal(owner: "o", scopes: [scope]).require(scope)
    let others = Principal(owner: "o", scopes: Set(AccessScope.allCases).subtracting([scope]))
    let error = #expect(throws: RPCError.self) { try others.require(scope) }
    #expect(error?.status == .permissionDenied && error?.message.contains("'\(scope.rawValue)'") == true)
  }
}
