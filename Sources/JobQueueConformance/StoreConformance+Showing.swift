import JobQueue
import JobRunner
import Storage
import StorageConformance
import StorageLocal
import TallySchema

extension StoreConformance {
  /// A folder, and jobs whose results are real files in it.
  private struct Shown {
    let h: StoreHarness
    let folder: DataFolder
    let publisher: OutputPublisher

    init(_ h: StoreHarness) throws {
      self.h = h
      folder = try DataFolder(path: h.place.folder, storeUUID: h.store.uuid)
      publisher = OutputPublisher(storage: folder, store: h.store)
    }

    /// Runs a job to its commit, with a result that holds that text.
    func committed(_ text: String, by worker: String = "w") async throws -> JobRecord {
      _ = try await h.submit(h.spec())
      let job = try await h.required(h.claim(worker))
      return try await commit(job, text)
    }

    func write(_ text: String, for job: JobRecord) throws -> String {
      let name = try folder.makeResultName(job: job.id, epoch: job.epoch)
      try FakeWorker.write(text, to: "\(folder.path)/\(name)")
      return name
    }

    func commit(_ job: JobRecord, _ text: String) async throws -> JobRecord {
      let name = try write(text, for: job)
      let result = SealedResult(file: name, bytes: text.utf8.count, rows: 1, sha256: "")
      _ = try await h.store.commit(job.id, epoch: job.epoch, result: result, progress: JobProgress(phase: .done))
      return try await h.job(job.id)
    }

    var visible: String? {
      guard let file = try? folder.openInput("out.csv"), let bytes = try? file.read(at: 0, bytes: 99) else {
        return nil
      }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  static let showing: [Case] = [
    Case("publishIsRepeatable") { h in
      let shown = try Shown(h)
      let job = try await shown.committed("one")
      for _ in 0..<3 {
        await shown.publisher.publish(output: "out.csv")
        await shown.publisher.recover()
      }
      let now = try await h.job(job.id)
      try h.expect(shown.visible == "one" && now.publication == .published, "it is shown, however often")
      let lines = try await h.store.log(of: job.id, after: nil, most: 99)
      try h.expect(lines.count { $0.action == .published } == 1, "and published once")
    },
    Case("publishedOutputIsTheNewestGeneration") { h in
      let shown = try Shown(h)
      for round in 1...4 {
        let job = try await shown.committed("\(round)")
        try h.expect(job.result?.generation == round, "generations count up")
        await withTaskGroup(of: Void.self) { group in
          for _ in 0..<6 { group.addTask { await shown.publisher.publish(output: "out.csv") } }
        }
        try h.expect(shown.visible == "\(round)", "the name shows the newest")
      }
    },
    Case("stalePublisherCannotReplaceNewerOutput") { h in
      let shown = try Shown(h)
      _ = try await h.submit(h.spec())
      let old = try await h.required(h.claim("old"))
      let oldFile = try shown.write("old", for: old)
      // The old worker stops before its commit; another finishes the job, and a later job goes over it.
      h.clock.advance(milliseconds: 15_001)
      let rescuer = try await h.required(h.claim("new"))
      _ = try await shown.commit(rescuer, "first")
      await shown.publisher.publish(output: "out.csv")
      _ = try await shown.committed("second")
      await shown.publisher.publish(output: "out.csv")
      // It goes on now: its commit is refused, and publishing shows what is newest.
      let result = SealedResult(file: oldFile, bytes: 3, rows: 1, sha256: "")
      let late = try await h.store.commit(old.id, epoch: old.epoch, result: result, progress: JobProgress())
      guard case .stale(let now) = late else { throw BrokenRule("a stale commit was taken", line: #line) }
      try h.expect(now.result?.file != oldFile, "the job keeps its result")
      await shown.publisher.publish(output: "out.csv")
      try h.expect(shown.visible == "second", "the name shows the newest: \(shown.visible ?? "nothing")")
      try await h.store.markPublished(old.id, generation: 1)
      let newest = try await h.required(h.store.newestCommitted(output: "out.csv"))
      try h.expect(newest.result?.generation == 2, "of the newest generation")
    },
    Case("aResultOfAnotherVersionsJobIsLeftToThat") { h in
      let shown = try Shown(h)
      let job = try await shown.committed("one")
      try await h.place.rewrite(job.id, spec: #"{"input":"i","output":"out.csv","pivot":1}"#, needs: #"["pivot"]"#)
      await shown.publisher.recover()
      await shown.publisher.publish(output: "out.csv")
      let now = try await h.job(job.id)
      try h.expect(now.publication == .pending && shown.visible == nil, "it isn't touched: \(now.status)")
      try await h.place.rewrite(job.id, spec: job.spec.json.text, needs: "[]")
      await shown.publisher.recover()
      try h.expect(shown.visible == "one", "who can read it shows it: \(shown.visible ?? "nothing")")
    },
    Case("aFileThatIsReadIsNeverReplacedUnderANewName") { h in
      let shown = try Shown(h)
      for (isOwn, file) in [(true, "in-1.csv"), (false, "in-2.csv")] {
        try FakeWorker.write("what is read", to: "\(shown.folder.path)/\(file)")
        let spec = h.spec(isOwn ? "out.csv" : "other.csv", input: file)
        let reader = try await h.submit(spec)
        _ = try await h.claim()
        let limits = Limits.standard
        let found = try shown.folder.readings(of: spec, limits: limits) { false }
        _ = try await h.store.startReading(reader.id, epoch: 1, found)
        // It gets the name of an output while it is read.
        try FakeWorker.move(file, to: "out.csv", in: shown.folder.path)
        let job = isOwn ? try await shown.commit(h.job(reader.id), "result") : try await shown.committed("result")
        await shown.publisher.publish(output: "out.csv")
        let now = try await h.job(job.id)
        try h.expect(shown.visible == "what is read", "it is there: \(shown.visible ?? "nothing")")
        try h.expect(
          now.status.state == .succeeded && !now.status.published && now.error?.reason == "OUTPUT_IS_INPUT",
          "the status says why: \(now.status)")
        if isOwn { continue }
        // Who reads it has ended: the next result takes the name.
        _ = try await h.store.requestCancel(reader.id, by: "a")
        _ = try await h.store.release(reader.id, epoch: 1)
        _ = try await shown.committed("newer")
        await shown.publisher.publish(output: "out.csv")
        try h.expect(shown.visible == "newer", "\(shown.visible ?? "nothing")")
      }
    },
    Case("whatIsReadUnderTheOutputsOwnNameHoldsUpNobody") { h in
      let shown = try Shown(h)
      let first = try await shown.committed("one")
      await shown.publisher.publish(output: "out.csv")
      _ = try await h.submit(h.spec())
      let writer = try await h.required(h.claim())
      let spec = h.spec("other.csv", input: "out.csv")
      let reader = try await h.submit(spec)
      _ = try await h.claim("reader")
      let found = try shown.folder.readings(of: spec, limits: .standard) { false }
      _ = try await h.store.startReading(reader.id, epoch: 1, found)
      let second = try await shown.commit(writer, "two")
      await shown.publisher.publish(output: "out.csv")
      let now = try await h.job(second.id)
      try h.expect(now.publication == .published && shown.visible == "two" && first.id != second.id, "\(now.status)")
    },
    Case("retentionNeverRemovesVisibleOutput") { h in
      let shown = try Shown(h)
      let job = try await shown.committed("one")
      await shown.publisher.publish(output: "out.csv")
      let count = try await h.store.prune(endedBefore: h.clock.now + 1, most: 10)
      let gone = try await h.store.job(job.id)
      try h.expect(count == 1 && gone == nil, "the job is forgotten")
      let janitor = Janitor(storage: shown.folder, store: h.store, orphanSeconds: -1)
      let removed = try await janitor.sweep()
      try h.expect(removed == 1, "and its result's own name with it")
      try h.expect(shown.visible == "one", "the output stays")
      await shown.publisher.recover()
      let next = try await shown.committed("two")
      try h.expect(next.result?.generation == 2, "and its generations go on")
    },
  ]
}
