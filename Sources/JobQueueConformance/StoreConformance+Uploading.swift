import StorageConformance
import TallySchema
import Uploads

/// The journal of uploads in pieces.
extension StoreConformance {
  static let uploading: [Case] = [
    Case("anUploadGrowsByWhatIsJournaledUntilItIsComplete") { h in
      let made = try await h.upload(length: 10, metadata: "filename cGxheXM=")
      try h.expect(made.received == 0 && !made.isComplete && made.createdAt == h.clock.now, "it is empty: \(made)")
      let found = try await h.required(h.store.upload(made.id))
      try h.expect(found == made, "it is found as it was made: \(found)")
      h.clock.advance(milliseconds: 5)
      let epoch = try await h.begin(made, at: 0)
      var outcome = try await h.append(made, 0, 4, epoch: epoch)
      try h.expect(outcome?.received == 4 && outcome?.isComplete == false, "a segment: \(String(describing: outcome))")
      outcome = try await h.append(made, 0, 6, epoch: epoch)
      try h.expect(outcome?.received == 6 && outcome?.segmentCount == 1, "it grows: \(String(describing: outcome))")
      outcome = try await h.append(made, 0, 5, epoch: epoch)
      try h.expect(outcome?.received == 6, "a late report changes nothing: \(String(describing: outcome))")
      let next = try await h.begin(made, at: 6)
      outcome = try await h.append(made, 6, 4, epoch: next)
      try h.expect(
        outcome?.isComplete == true && outcome?.completedAt == h.clock.now && outcome?.touchedAt == h.clock.now,
        "the last one completes it: \(String(describing: outcome))")
      let segments = try await h.store.segments(ofUpload: made.id)
      try h.expect(
        segments == [h.segment(made, 0, 6, epoch), h.segment(made, 6, 4, next)], "in order: \(segments)")
      let files = try await h.store.files(ofUploads: [made.id, "none"])
      let expected = UploadFiles(epoch: next, names: Set(segments.map(\.file)))
      try h.expect(files == [made.id: expected], "their files: \(files)")
    },
    Case("whoTakesOverFencesTheWriterBeforeAndALookDoesNot") { h in
      let made = try await h.upload(length: 10)
      let first = try await h.begin(made, at: 0)
      _ = try await h.append(made, 0, 2, epoch: first)
      for _ in 0..<3 { _ = try await h.store.upload(made.id) }
      var outcome = try await h.append(made, 0, 3, epoch: first)
      try h.expect(outcome?.received == 3, "a look at the progress stops nobody: \(String(describing: outcome))")
      let wrong = try await h.store.beginAppending(toUpload: made.id, at: 2, length: nil)
      guard case .wrongOffset(let now) = wrong, now.received == 3 else {
        throw BrokenRule("an offset that isn't the end: \(wrong)", line: #line)
      }
      outcome = try await h.append(made, 0, 4, epoch: first)
      try h.expect(outcome == nil, "the offset that was told is final: \(String(describing: outcome))")
      let second = try await h.begin(made, at: 3)
      outcome = try await h.append(made, 3, 7, epoch: second)
      try h.expect(outcome?.isComplete == true, "the successor goes on: \(String(describing: outcome))")
    },
    Case("aLengthMayBeToldLaterAndOnlyOnce") { h in
      let made = try await h.upload(length: nil)
      let epoch = try await h.begin(made, at: 0)
      _ = try await h.append(made, 0, 5, epoch: epoch)
      let below = try await h.refusedUpload {
        _ = try await h.store.beginAppending(toUpload: made.id, at: 5, length: 4)
      }
      try h.expect(below == .lengthBelowOffset(offset: 5), "less than has come: \(below)")
      let told = try await h.store.beginAppending(toUpload: made.id, at: 5, length: 5).upload
      try h.expect(told.isComplete && told.length == 5, "what has come is all: \(told)")
      let other = try await h.refusedUpload {
        _ = try await h.store.beginAppending(toUpload: made.id, at: 5, length: 6)
      }
      try h.expect(other == .lengthKnown(bytes: 5), "another length: \(other)")
      let empty = try await h.upload(length: 0)
      try h.expect(empty.isComplete, "an empty file is complete: \(empty)")
    },
    Case("moreThanTheLengthIsNotJournaled") { h in
      let made = try await h.upload(length: 3)
      let epoch = try await h.begin(made, at: 0)
      let outcome = try await h.append(made, 0, 4, epoch: epoch)
      let now = try await h.required(h.store.upload(made.id))
      try h.expect(outcome == nil && now.received == 0, "nothing has changed: \(now)")
    },
    Case("whatIsJournaledSurvivesTheProcess") { h in
      let made = try await h.upload(length: 10)
      _ = try await h.append(made, 0, 4, epoch: try await h.begin(made, at: 0))
      let known = try await h.required(h.store.upload(made.id))
      try await h.place.kill(h.store)
      let store = try await h.place.open(clock: h.clock, limits: h.limits)
      let found = try await store.upload(made.id)
      let segments = try await store.segments(ofUpload: made.id)
      try h.expect(found == known && segments.count == 1, "it is there: \(String(describing: found))")
    },
    Case("aLostReplyMakesNothingTwice") { h in
      try await h.place.loseNextReply(of: h.store)
      let made = try await h.upload(length: 10)
      let epoch = try await h.begin(made, at: 0)
      try await h.place.loseNextReply(of: h.store)
      let outcome = try await h.append(made, 0, 4, epoch: epoch)
      try h.expect(outcome?.received == 4 && outcome?.segmentCount == 1, "once: \(String(describing: outcome))")
      try await h.place.loseNextReply(of: h.store)
      _ = try await h.store.deleteUpload(made.id)
      let found = try await h.store.upload(made.id)
      try h.expect(found == nil, "it is gone")
    },
    Case("uploadLimitsAreNamed", limits: StoreConformance.fewUploads) { h in
      let long = try await h.refusedUpload { _ = try await h.upload(length: 101) }
      try h.expect(long == .tooLarge(limit: 100), "uploadBytes: \(long)")
      let parts = [try await h.upload(.partial, length: 60), try await h.upload(.partial, length: 60)].map(\.id)
      let many = try await h.refusedUpload { _ = try await h.final(parts + parts) }
      try h.expect(many == .tooManyParts(limit: 3), "uploadParts: \(many)")
      let sum = try await h.refusedUpload { _ = try await h.final(parts) }
      try h.expect(sum == .tooLarge(limit: 100), "uploadBytes of all parts: \(sum)")
      let made = try await h.upload(length: 10)
      for offset in 0..<2 { _ = try await h.append(made, offset, 1, epoch: try await h.begin(made, at: offset)) }
      let pieces = try await h.refusedUpload { _ = try await h.begin(made, at: 2) }
      try h.expect(pieces == .tooManySegments(limit: 2), "uploadSegments: \(pieces)")
      _ = try await h.upload(length: 1)
      let fifth = try await h.refusedUpload { _ = try await h.upload(length: 1) }
      try h.expect(fifth == .tooManyUploads(limit: 4), "uploadsKept: \(fifth)")
    },
  ]

  private static let fewUploads = {
    var limits = Limits.standard
    limits.uploadBytes = 100
    limits.uploadParts = 3
    limits.uploadSegments = 2
    limits.uploadsKept = 4
    return limits
  }()
}

extension StoreHarness {
  func upload(_ kind: UploadRecord.Kind = .whole, length: Int?, metadata: String = "") async throws -> UploadRecord {
    try await store.createUpload(UploadCreation(owner: "a", kind: kind, metadata: metadata, length: length))
  }

  func final(_ parts: [String], owner: String = "a") async throws -> UploadRecord {
    try await store.createUpload(UploadCreation(owner: owner, kind: .final, parts: parts))
  }

  /// Takes the writing over, where the offset is right.
  ///
  /// - Returns: the epoch.
  func begin(_ upload: UploadRecord, at offset: Int, line: UInt = #line) async throws -> Int {
    let start = try await store.beginAppending(toUpload: upload.id, at: offset, length: nil)
    guard case .begun(let begun) = start else { throw BrokenRule("the offset is wrong: \(start)", line: line) }
    return begun.epoch
  }

  func segment(_ upload: UploadRecord, _ start: Int, _ bytes: Int, _ epoch: Int) -> UploadSegment {
    UploadSegment(upload: upload.id, start: start, bytes: bytes, file: "\(start)-\(epoch)-x", sha256: "\(bytes)")
  }

  /// - Returns: nil where the store says that another has taken over.
  func append(_ upload: UploadRecord, _ start: Int, _ bytes: Int, epoch: Int) async throws -> UploadRecord? {
    switch try await store.append(segment(upload, start, bytes, epoch), epoch: epoch) {
    case .applied(let upload): upload
    case .stale: nil
    }
  }

  /// Expects the store to refuse.
  func refusedUpload(line: UInt = #line, _ body: () async throws -> Void) async throws -> UploadRefusal {
    do {
      try await body()
    } catch let refusal as UploadRefusal {
      return refusal
    }
    throw BrokenRule("the store should have refused", line: line)
  }
}
