import JobQueueSQLite
import Storage
import StorageLocal
import TallySchema
import TestSupport
import Testing

@testable import Uploads

/// Uploads as inputs, and what is swept of them, on a real store and a real folder.
struct UploadedInputsTests {
  private let place: TestFolder
  private let store: SQLiteJobStore
  private let folder: DataFolder

  init() throws {
    place = try TestFolder()
    store = try SQLiteJobStore(path: place.path + "/tally.sqlite", owner: "test")
    folder = try DataFolder(path: place.path + "/data", storeUUID: store.uuid)
  }

  private var inputs: UploadedInputs { UploadedInputs(folder, segments: folder, store: store) }

  private func open(_ name: String) async throws -> any InputObject {
    try await onOwnThread { [inputs] in try inputs.openObject(name) }
  }

  /// Sends bytes as one request does; its file is longer than what is journaled.
  private func send(_ bytes: ArraySlice<UInt8>, to upload: UploadRecord) async throws {
    let start = try await store.beginAppending(toUpload: upload.id, at: upload.received, length: nil).upload
    let name = "\(start.received)-\(start.epoch)-x"
    let file = try folder.makeSegment(name, ofUpload: upload.id)
    try (Array(bytes) + [0x21]).withUnsafeBytes { try file.write($0, at: 0) }
    let writer = SegmentWriter(file, checksum: nil)
    try Array(bytes).withUnsafeBytes { try writer.append($0) }
    let checkpoint = try writer.checkpoint()
    _ = try await store.append(
      UploadSegment(
        upload: upload.id, start: start.received, bytes: checkpoint.bytes, file: name, sha256: checkpoint.sha256),
      epoch: start.epoch)
  }

  /// However an upload is cut into requests and parts, every stretch of it reads as the bytes that were sent.
  @Test(arguments: 0..<8) func aRopeReadsAsItsBytes(seed: UInt64) async throws {
    var random = SeededRandom(seed: seed)
    let bytes = (0..<Int.random(in: 1...4_000, using: &random)).map { _ in
      UInt8.random(in: .min ... .max, using: &random)
    }
    var parts: [String] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = rest.prefix(Int.random(in: 1...1_500, using: &random))
      rest = rest.dropFirst(part.count)
      var upload = try await store.createUpload(UploadCreation(owner: "a", kind: .partial, length: part.count))
      parts.append(upload.id)
      var left = part
      while !left.isEmpty {
        let piece = left.prefix(Int.random(in: 1...300, using: &random))
        left = left.dropFirst(piece.count)
        try await send(piece, to: upload)
        upload = try #require(try await store.upload(upload.id))
      }
    }
    let final = try await store.createUpload(UploadCreation(owner: "a", kind: .final, parts: parts))
    let object = try await open("upload:\(final.id)")
    #expect(object.size == bytes.count && object.identity == "upload:\(final.id)", "seed \(seed)")
    for _ in 0..<50 {
      let (offset, count) = (Int.random(in: 0...bytes.count, using: &random), Int.random(in: 1...2_000, using: &random))
      #expect(try object.read(at: offset, bytes: count) == Array(bytes[offset...].prefix(count)), "seed \(seed)")
    }
  }

  @Test func aSegmentThatIsShorterThanTheJournalSaysIsDamage() async throws {
    let upload = try await store.createUpload(UploadCreation(owner: "a", length: 4))
    try await send([1, 2, 3, 4], to: upload)
    let file = try #require(place.names(in: "data/.tally/uploads/\(upload.id)").first)
    _ = try place.write([1, 2], as: "data/.tally/uploads/\(upload.id)/\(file)")
    let object = try await open("upload:\(upload.id)")
    let failure = #expect(throws: JobFailure.self) { try object.read(at: 0, bytes: 4) }
    #expect(failure?.reason == "UPLOAD_DAMAGED")
  }

  @Test func aRunReadsOnlyWhatIsWhole() async throws {
    let upload = try await store.createUpload(UploadCreation(owner: "a", length: 4))
    try await send([1, 2], to: upload)
    let reading = InputReading(name: "upload:\(upload.id)", identity: "upload:\(upload.id)")
    let early = await #expect(throws: JobFailure.self) {
      try await onOwnThread { [inputs] in try inputs.openObject(reading) }
    }
    #expect(early?.reason == "UPLOAD_INCOMPLETE")
    #expect(try await open(reading.name).size == 2, "its beginning can be looked at")
    let none = await #expect(throws: JobFailure.self) { try await open("upload:none") }
    #expect(none?.reason == "INPUT_NOT_FOUND")
  }

  @Test func inputsAreInTheJobsOrder() throws {
    for name in ["a.csv", "b.csv", "upload:z"] { _ = try place.write(Array("k\n".utf8), as: "data/" + name) }
    var spec = JobSpec(input: "b.csv")
    spec.inputs = ["b.csv", "upload:u", "*.csv", "file:upload:z", "upload:v"]
    let names = try inputs.inputNames(spec, limits: .standard) { false }
    #expect(names == ["b.csv", "upload:u", "a.csv", "file:upload:z", "upload:v"])
    var few = Limits.standard
    few.inputFiles = 3
    #expect(
      #expect(throws: JobFailure.self) { try inputs.inputNames(spec, limits: few) { false } }?.reason
        == "TOO_MANY_INPUTS")
  }

  /// Only what nobody can make a part of an upload any more is swept.
  @Test func whatNobodyNamesIsSwept() async throws {
    let upload = try await store.createUpload(UploadCreation(owner: "a", length: 10))
    try await send([1, 2], to: upload)
    let epoch = try #require(try await store.upload(upload.id)).epoch
    for name in ["0-0-old", "2-\(epoch)-own", "2-\(epoch + 1)-later", "strange"] {
      _ = try folder.makeSegment(name, ofUpload: upload.id)
    }
    _ = try folder.makeSegment("0-1-x", ofUpload: "gone")
    try await UploadJanitor(storage: folder, store: store).sweep()
    #expect(place.names(in: "data/.tally/uploads/\(upload.id)").count == 5, "all of it is young")
    try await UploadJanitor(storage: folder, store: store, orphanSeconds: -1).sweep()
    #expect(
      place.names(in: "data/.tally/uploads/\(upload.id)") == ["0-\(epoch)-x", "2-\(epoch)-own", "2-\(epoch + 1)-later"])
    #expect(place.names(in: "data/.tally/uploads") == [upload.id])
    #expect(try await open("upload:\(upload.id)").read(at: 0, bytes: 9) == [1, 2])
  }
}

struct InputReferenceTests {
  @Test(arguments: [
    ("a.csv", InputReference.file("a.csv")), ("upload:x-1", .upload("x-1")), ("file:upload:x", .file("upload:x")),
    ("file:file:x", .file("file:x")), ("uploads/x", .file("uploads/x")), ("Upload:x", .file("Upload:x")),
    ("upload:\u{301}x", .upload("\u{301}x")),
  ])
  func namesAreRead(text: String, expected: InputReference) {
    #expect(InputReference(text) == expected && expected.text.utf8.elementsEqual(text.utf8))
  }

  @Test(arguments: [
    "upload:", "upload:a/b", "upload:é", "file:a.csv", "file:", "file:*.csv", "file:/x", "file:upload:x/../y", "../x",
    "upload:" + String(repeating: "x", count: 65),
  ])
  func whatIsNoneIsRefused(text: String) { #expect(InputReference.problem(text) != nil) }

  @Test func newFilesAreNotNamedLikeReferences() {
    #expect(InputReference.problem(ofNew: "upload:x") != nil && InputReference.problem(ofNew: "file:x") != nil)
    #expect(InputReference.problem(ofNew: "x/upload:x") == nil)
  }
}
