import Testing
import Uploads

/// Which requests may write a file of a name, by RFC 9110, section 13.1.
@Suite struct FileConditionTests {
  @Test(
    arguments: [
      // Nothing is said: nothing is replaced.
      (nil, nil, nil, .make), (nil, nil, "\"a\"", .refuseThere),
      (nil, ["*"], nil, .make), (nil, ["*"], "\"a\"", .refuseThere),
      (nil, ["\"a\""], "\"a\"", .refuseThere), (nil, ["W/\"a\""], "\"a\"", .refuseThere),
      (nil, ["\"b\""], "\"a\"", .replace), (nil, ["\"b\""], nil, .make),
      (["*"], nil, "\"a\"", .replace), (["*"], nil, nil, .refuseChanged),
      (["\"b\"", "\"a\""], nil, "\"a\"", .replace), (["\"b\""], nil, "\"a\"", .refuseChanged),
      (["\"b\""], nil, nil, .refuseChanged),
      // A weak tag is never the same for a write.
      (["W/\"a\""], nil, "\"a\"", .refuseChanged),
      (["\"a\""], ["*"], "\"a\"", .refuseThere), ([], nil, "\"a\"", .refuseChanged),
    ] as [([String]?, [String]?, String?, FileCondition.Decision)])
  func theDecisionFollowsTheFields(
    match: [String]?, noneMatch: [String]?, eTag: String?, expected: FileCondition.Decision
  ) {
    #expect(FileCondition(match: match, noneMatch: noneMatch).decide(eTag: eTag) == expected)
  }
}

/// `Repr-Digest` and `Content-Digest`, as RFC 9530 and RFC 8941 have them.
@Suite struct DigestFieldTests {
  private static let sha256 = "6d9lkV2W0mEmqeAQ6A7cVhmnhXfHsVwVSNmLbJAhOXw="

  @Test func aDigestIsRead() throws {
    let digest = try DigestField(" sha-256=:\(Self.sha256): ,\tmd5=:AAAA:")
    #expect(digest.sha256?.count == 32 && digest.sha512 == nil && digest.isKnown)
    #expect(try !DigestField("md5=:AAAA:").isKnown, "others are left out")
  }

  @Test(arguments: [
    "", "sha-256", "sha-256=", "sha-256=AAAA", "sha-256=:", "sha-256=:AAAA:", "sha-256=:?:", "sha-512=:\(sha256):",
    "sha-256=:\(sha256):,", "sha-256:\(sha256):",
  ])
  func anythingElseIsRefused(text: String) {
    #expect(throws: DigestField.Malformed.self) { try DigestField(text) }
  }
}
