import HTTPTypes
import TallySchema
import Testing
import Uploads

@testable import RPCServer

/// The heads of tus 1.0, as a table.
struct TusRequestTests {
  private static func fields(_ text: String) throws -> HTTPFields {
    var fields = HTTPFields()
    for line in text.split(separator: "|") where !line.isEmpty {
      let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
      fields.append(HTTPField(name: try #require(HTTPField.Name(parts[0])), value: parts[1].trimmed))
    }
    return fields
  }

  private static let body = "Content-Type: application/offset+octet-stream|"

  @Test(arguments: [
    ("Upload-Length: 5", TusRequest.Creation(length: 5)),
    ("Upload-Length: 0|Content-Length: 0", TusRequest.Creation(length: 0)),
    ("Upload-Defer-Length: 1", TusRequest.Creation()),
    ("Upload-Length: 5|Upload-Concat: partial", TusRequest.Creation(kind: .partial, length: 5)),
    (
      "Upload-Concat: final;/uploads/a https://x.example/tally/uploads/b",
      TusRequest.Creation(kind: .final, parts: ["a", "b"])
    ),
    ("Upload-Concat: final;uploads/a", TusRequest.Creation(kind: .final, parts: ["a"])),
    ("Upload-Length: 5|Upload-Metadata: filename YQ==", TusRequest.Creation(metadata: "filename YQ==", length: 5)),
    (
      body + "Upload-Length: 5|Content-Length: 3",
      TusRequest.Creation(length: 5, body: TusRequest.Body(bytes: 3))
    ),
    (body + "Upload-Length: 5|Content-Length: 0", TusRequest.Creation(length: 5)),
    (
      body + "Upload-Length: 5|Transfer-Encoding: chunked|Upload-Checksum: crc32 y/Q5Jg==",
      TusRequest.Creation(
        length: 5, body: TusRequest.Body(checksum: UploadChecksum(.crc32, [0xCB, 0xF4, 0x39, 0x26])))
    ),
  ])
  func creationsAreRead(text: String, expected: TusRequest.Creation) throws {
    #expect(try TusRequest.creation(Self.fields(text)) { $0.utf8.count == 1 } == expected)
  }

  @Test(arguments: [
    ("", "NO_LENGTH"), ("Upload-Length: 5|Upload-Defer-Length: 1", "NO_LENGTH"),
    ("Upload-Defer-Length: 2", "INVALID_LENGTH"),
    ("Upload-Length: -5", "INVALID_NUMBER"), ("Upload-Length: +5", "INVALID_NUMBER"),
    ("Upload-Length: x", "INVALID_NUMBER"),
    ("Upload-Length: 99999999999999999999", "INVALID_NUMBER"), ("Upload-Length: ", "INVALID_NUMBER"),
    ("Upload-Length: 5|Upload-Metadata: a ***", "INVALID_METADATA"),
    ("Upload-Length: 5|Upload-Concat: final;/uploads/a", "FINAL_LENGTH"),
    ("Upload-Defer-Length: 1|Upload-Concat: final;/uploads/a", "FINAL_LENGTH"),
    ("Upload-Concat: final;", "INVALID_CONCAT"), ("Upload-Concat: final;/uploads/aa", "INVALID_CONCAT"),
    ("Upload-Concat: final;/files/a", "INVALID_CONCAT"), ("Upload-Concat: final;a", "INVALID_CONCAT"),
    ("Upload-Concat: Partial|Upload-Length: 5", "INVALID_CONCAT"),
    ("Upload-Length: 5|Content-Length: 3", "UNSUPPORTED_MEDIA_TYPE"),
    ("Upload-Length: 5|Content-Type: text/csv|Content-Length: 3", "UNSUPPORTED_MEDIA_TYPE"),
    (body + "Upload-Concat: final;/uploads/a|Content-Length: 3", "FINAL_UPLOAD"),
    (body + "Upload-Length: 5|Content-Length: 3|Content-Encoding: gzip", "UNSUPPORTED_ENCODING"),
  ])
  func creationsAreRefused(text: String, reason: String) throws {
    let fields = try Self.fields(text)
    let refused = #expect(throws: TusRequest.Refused.self) {
      try TusRequest.creation(fields) { $0.utf8.count == 1 }
    }
    #expect(refused?.reason == reason)
  }

  @Test(arguments: [
    ("Upload-Offset: 0|Content-Length: 3", nil), ("Upload-Offset: 7", nil),
    ("", "NO_OFFSET"), ("Upload-Offset: -1", "INVALID_NUMBER"), ("Upload-Offset: 1.0", "INVALID_NUMBER"),
    ("Upload-Offset: 0|Upload-Length: x", "INVALID_NUMBER"),
    ("Upload-Offset: 0|Upload-Checksum: md5 AAAA", "UNKNOWN_CHECKSUM"),
    ("Upload-Offset: 0|Upload-Checksum: sha1", "INVALID_CHECKSUM"),
  ])
  func patchesAreRead(text: String, reason: String?) throws {
    let fields = try Self.fields(Self.body + text)
    guard let reason else {
      #expect(try TusRequest.patch(fields).offset == (text.contains("7") ? 7 : 0))
      return
    }
    #expect(#expect(throws: TusRequest.Refused.self) { try TusRequest.patch(fields) }?.reason == reason)
  }

  @Test func theMethodMayBeSaidInAField() throws {
    func method(_ method: HTTPRequest.Method, _ override: String?) -> HTTPRequest.Method {
      var head = HTTPRequest(method: method, scheme: nil, authority: nil, path: "/uploads/x")
      if let override { head.headerFields[TusField.methodOverride] = override }
      return TusRequest.method(head)
    }
    #expect(method(.post, "PATCH") == .patch && method(.post, nil) == .post && method(.post, "DELETE") == .delete)
    // Only a POST means something else: what merely reads can't be made to write.
    #expect(method(.head, "DELETE") == .head)
  }

  @Test func theVersionMustBeTheOne() throws {
    try TusRequest.checkVersion([TusField.resumable: "1.0.0"])
    for text in ["0.2.2", "1.0", ""] {
      let refused = #expect(throws: TusRequest.Refused.self) {
        try TusRequest.checkVersion([TusField.resumable: text])
      }
      #expect(refused?.status == .preconditionFailed)
    }
    #expect(throws: TusRequest.Refused.self) { try TusRequest.checkVersion([:]) }
  }

  @Test func everyFieldHasItsOwnName() {
    let names = [
      TusField.resumable, TusField.version, TusField.extensions, TusField.maxSize, TusField.checksumAlgorithm,
      TusField.offset, TusField.length, TusField.deferLength, TusField.metadata, TusField.concat, TusField.checksum,
      TusField.expires, TusField.methodOverride,
    ]
    #expect(Set(names).count == names.count && !names.contains(.location))
  }

  @Test(arguments: [(784_111_777_000, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT")])
  func momentsAreWrittenAsHTTPHasThem(milliseconds: Int64, expected: String) {
    #expect(HTTPDate.text(Timestamp(milliseconds: milliseconds)) == expected)
  }
}
