import JobQueue
import StorageConformance
import TallySchema
import Uploads

/// Uploads that are put together from others, deleted, and given up.
extension StoreConformance {
  static let joining: [Case] = [
    Case("aFinalUploadIsAListOfItsParts") { h in
      let (a, b) = (try await h.upload(.partial, length: 3), try await h.upload(.partial, length: nil))
      let made = try await h.final([b.id, a.id])
      try h.expect(made.length == nil && made.received == 0 && made.parts == [b.id, a.id], "unfinished: \(made)")
      try await h.fill(a, 3)
      var now = try await h.required(h.store.upload(made.id))
      try h.expect(now.received == 3 && now.length == nil && !now.isComplete, "one part is there: \(now)")
      var prefix = try await h.store.segments(ofUpload: made.id)
      try h.expect(prefix.isEmpty, "and nothing from the start: \(prefix)")
      _ = try await h.append(b, 0, 2, epoch: try await h.begin(b, at: 0))
      prefix = try await h.store.segments(ofUpload: made.id)
      try h.expect(prefix.map(\.upload) == [b.id], "what comes before the gap: \(prefix)")
      h.clock.advance(milliseconds: 7)
      _ = try await h.store.beginAppending(toUpload: b.id, at: 2, length: 2)
      now = try await h.required(h.store.upload(made.id))
      try h.expect(
        now.received == 5 && now.length == 5 && now.completedAt == h.clock.now, "the last completes it: \(now)")
      let order = try await h.store.segments(ofUpload: made.id).map(\.upload)
      try h.expect(order == [b.id, a.id], "its bytes are theirs, in its order: \(order)")
      let again = try await h.final([b.id, a.id])
      try h.expect(again.id == made.id, "the same list is the same upload: \(again)")
      let other = try await h.final([a.id, b.id])
      try h.expect(other.id != made.id && other.isComplete && other.length == 5, "another list is another: \(other)")
    },
    Case("onlyPartialUploadsOfTheSameOwnerAreParts") { h in
      let part = try await h.upload(.partial, length: 3)
      let foreign = try await h.refusedUpload { _ = try await h.final([part.id], owner: "b") }
      try h.expect(foreign == .partNotFound(id: part.id), "another owner's: \(foreign)")
      let unknown = try await h.refusedUpload { _ = try await h.final([part.id, "unknown"]) }
      try h.expect(unknown == .partNotFound(id: "unknown"), "none: \(unknown)")
      let twice = try await h.refusedUpload { _ = try await h.final([part.id, part.id]) }
      try h.expect(twice == .partTwice(id: part.id), "one that the list has already: \(twice)")
      let whole = try await h.upload(length: 3)
      let kind = try await h.refusedUpload { _ = try await h.final([whole.id]) }
      try h.expect(kind == .partIsNotPartial(id: whole.id), "a whole one: \(kind)")
      let made = try await h.final([part.id])
      let bytes = try await h.refusedUpload { _ = try await h.begin(made, at: 0) }
      try h.expect(bytes == .isFinal, "a list takes no bytes: \(bytes)")
    },
    Case("partsThatEndAtTheSameTimeCompleteTheirList") { h in
      for _ in 0..<10 {
        var parts: [UploadRecord] = []
        for _ in 0..<4 { parts.append(try await h.upload(.partial, length: 1)) }
        let made = try await h.final(parts.map(\.id))
        try await withThrowingTaskGroup(of: Void.self) { group in
          for part in parts { group.addTask { try await h.fill(part, 1) } }
          try await group.waitForAll()
        }
        let now = try await h.required(h.store.upload(made.id))
        try h.expect(now.isComplete && now.received == 4, "it is complete: \(now)")
      }
    },
    Case("aListThatIsMadeWhileItsPartsEndIsCompletedByThem") { h in
      for _ in 0..<10 {
        let part = try await h.upload(.partial, length: 1)
        async let filling: Void = h.fill(part, 1)
        let made = try await h.final([part.id])
        try await filling
        let now = try await h.required(h.store.upload(made.id))
        try h.expect(now.isComplete, "it is complete: \(now)")
      }
    },
    Case("aPartIsInSoManyListsAtTheMost") { h in
      let part = try await h.upload(.partial, length: 1)
      for _ in 0..<16 { _ = try await h.final([part.id, try await h.upload(.partial, length: 1).id]) }
      let refused = try await h.refusedUpload { _ = try await h.final([part.id]) }
      try h.expect(refused == .tooManyLists(limit: 16), "\(refused)")
    },
    Case("expiryNeverTakesWhatAListOrAJobHasJustTaken") { h in
      for round in 0..<20 {
        let (part, whole) = (try await h.upload(.partial, length: 1), try await h.upload(length: 1))
        try await h.fill(part, 1)
        try await h.fill(whole, 1)
        h.clock.advance(milliseconds: h.limits.uploadExpiryMilliseconds)
        async let expired = [h.store.expireUploads(most: 10), h.store.expireUploads(most: 10)]
        let final = try? await h.final([part.id])
        let job = try? await h.submit(h.spec("out-\(round).csv", input: "upload:\(whole.id)"))
        let gone = try await expired.flatMap { $0 }
        if let final {
          let now = try await h.required(h.store.upload(final.id))
          let bytes = try await h.store.segments(ofUpload: final.id).reduce(0) { $0 + $1.bytes }
          try h.expect(now.isComplete && bytes == 1 && !gone.contains(part.id), "a list's part stays: \(bytes)")
          _ = try await h.store.deleteUpload(final.id)
        }
        if let job {
          let bytes = try await h.store.segments(ofUpload: whole.id).reduce(0) { $0 + $1.bytes }
          try h.expect(bytes == 1 && !gone.contains(whole.id), "a job's input stays: \(bytes)")
          _ = try await h.store.requestCancel(job.id, by: "a")
        }
        while try await !h.store.expireUploads(most: 10).isEmpty {}
      }
    },
    Case("theSameListMadeAtTheSameTimeIsOneUpload") { h in
      let part = try await h.upload(.partial, length: 1)
      let ids = try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<8 { group.addTask { try await h.final([part.id]).id } }
        return try await group.reduce(into: Set<String>()) { $0.insert($1) }
      }
      try h.expect(ids.count == 1, "one: \(ids)")
    },
    Case("deletingAPartRemovesOnlyItsName") { h in
      let (a, b) = (try await h.upload(.partial, length: 3), try await h.upload(.partial, length: 3))
      let made = try await h.final([a.id, b.id])
      try await h.fill(a, 3)
      let epoch = try await h.begin(b, at: 0)
      var gone = try await h.store.deleteUpload(a.id)
      try h.expect(gone.isEmpty, "its files are needed: \(gone)")
      _ = try await h.store.deleteUpload(b.id)
      let stale = try await h.append(b, 0, 3, epoch: epoch)
      try h.expect(stale == nil, "nobody writes to it: \(String(describing: stale))")
      for part in [a, b] {
        let found = try await h.store.upload(part.id)
        try h.expect(found == nil, "its name is gone: \(String(describing: found))")
        let again = try await h.refusedUpload { _ = try await h.store.deleteUpload(part.id) }
        let begun = try await h.refusedUpload { _ = try await h.begin(part, at: 0) }
        try h.expect([again, begun] == [.notFound, .notFound], "it isn't found: \(again), \(begun)")
      }
      let now = try await h.required(h.store.upload(made.id))
      let segments = try await h.store.segments(ofUpload: made.id)
      try h.expect(now.received == 3 && segments.map(\.upload) == [a.id], "its bytes stay: \(now)")
      gone = try await h.store.deleteUpload(made.id)
      try h.expect(Set(gone) == [made.id, a.id, b.id], "the list's end is theirs: \(gone)")
      let files = try await h.store.files(ofUploads: gone)
      try h.expect(files.isEmpty, "nothing is journaled: \(files)")
    },
    Case("anUploadThatNothingComesForIsGivenUpAndThenForgotten") { h in
      let made = try await h.upload(length: 10)
      let epoch = try await h.begin(made, at: 0)
      h.clock.advance(milliseconds: h.limits.uploadExpiryMilliseconds - 1)
      _ = try await h.append(made, 0, 4, epoch: epoch)
      let other = try await h.upload(length: 10)
      h.clock.advance(milliseconds: h.limits.uploadExpiryMilliseconds - 1)
      var gone = try await h.store.expireUploads(most: 10)
      try h.expect(gone.isEmpty, "bytes have come meanwhile: \(gone)")
      _ = try await h.begin(other, at: 0)
      h.clock.advance(milliseconds: 1)
      gone = try await h.store.expireUploads(most: 10)
      try h.expect(gone == [made.id], "one has been begun to be sent again: \(gone)")
      h.clock.advance(milliseconds: h.limits.uploadExpiryMilliseconds - 1)
      gone += try await h.store.expireUploads(most: 1)
      try h.expect(Set(gone) == [made.id, other.id], "both are: \(gone)")
      let stale = try await h.append(made, 0, 5, epoch: epoch)
      try h.expect(stale == nil, "nobody writes to it: \(String(describing: stale))")
      let found = try await h.required(h.store.upload(made.id))
      let segments = try await h.store.segments(ofUpload: made.id)
      try h.expect(found.expiredAt != nil && segments.isEmpty, "what it was is known: \(found)")
      let after = try await h.refusedUpload { _ = try await h.begin(made, at: 4) }
      try h.expect(after == .expired, "and told: \(after)")
      h.clock.advance(milliseconds: 1)
      _ = try await h.store.expireUploads(most: 10)
      let forgotten = try await h.store.upload(made.id)
      try h.expect(forgotten == nil, "then it is forgotten: \(String(describing: forgotten))")
    },
    Case("partsLiveAsLongAsTheirList") { h in
      let (a, b) = (try await h.upload(.partial, length: 3), try await h.upload(.partial, length: 3))
      let made = try await h.final([a.id, b.id])
      try await h.fill(a, 3)
      h.clock.advance(milliseconds: h.limits.uploadExpiryMilliseconds - 1)
      try await h.fill(b, 3)
      _ = try await h.store.deleteUpload(b.id)
      h.clock.advance(milliseconds: 1)
      var gone = try await h.store.expireUploads(most: 10)
      try h.expect(gone.isEmpty, "the list is young: \(gone)")
      h.clock.advance(milliseconds: h.limits.uploadExpiryMilliseconds)
      gone = []
      while true {
        let more = try await h.store.expireUploads(most: 1)
        if more.isEmpty { break }
        gone += more
      }
      try h.expect(Set(gone).isSuperset(of: [made.id, a.id]), "then all go: \(gone)")
      let files = try await h.store.files(ofUploads: [a.id, b.id])
      try h.expect(files.isEmpty, "nothing is journaled: \(files)")
      let again = try await h.refusedUpload { _ = try await h.final([a.id]) }
      try h.expect(again == .partNotFound(id: a.id), "nothing is made of what has expired: \(again)")
    },
  ]
}

extension StoreHarness {
  /// Sends all of an upload's bytes at once.
  func fill(_ upload: UploadRecord, _ bytes: Int) async throws {
    _ = try await append(upload, 0, bytes, epoch: try await begin(upload, at: 0))
  }
}
