import Storage
import TallySchema

extension StorageRules {
  static let staging: [Case] = [
    Case("aStagedResultIsSeenByNobody") { h in
      _ = try h.result("one")
      let listed = try h.inputs.list(prefix: "", after: nil, most: 10) { false }
      try h.expect(listed.isEmpty, "lists don't have it: \(listed)")
    },
    Case("whatIsNotSealedLeavesNothing") { h in
      let staged = try h.outputs.stage(job: "j", epoch: 1)
      do {
        let sink = try staged.makeResult()
        try [UInt8](repeating: 1, count: 1 << 20).withUnsafeBytes { try sink.write($0, at: 0, isLast: false) }
      }
      let left = try h.outputs.stagedFiles(of: "j")
      try h.expect(left.isEmpty, "nothing is left: \(left)")
    },
    Case("piecesAndTheRestAreOneResult") { h in
      let staged = try h.outputs.stage(job: "j", epoch: 1)
      let sink = try staged.makeResult()
      let piece = 1 << 20
      // A disk is written in units: pieces are aligned, as a run's are.
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 4_096)
      defer { buffer.deallocate() }
      for index in 0..<3 {
        buffer.initializeMemory(as: UInt8.self, repeating: UInt8(index + 1))
        try sink.write(UnsafeRawBufferPointer(buffer), at: index * piece, isLast: false)
      }
      try sink.write(UnsafeRawBufferPointer(rebasing: buffer[..<5]), at: 3 * piece, isLast: true)
      try sink.seal(permissions: 0o444)
      let result = try h.outputs.openResult(staged.file)
      var bytes: [[UInt8]] = []
      for offset in [0, piece - 1, 2 * piece, 3 * piece, 3 * piece + 5] {
        bytes.append(try result.read(at: offset, bytes: 2))
      }
      try h.expect(result.size == 3 * piece + 5, "its size: \(result.size)")
      try h.expect(bytes == [[1, 1], [1, 2], [3, 3], [3, 3], []], "its bytes: \(bytes)")
    },
    Case("aFileOfARunIsMadeOnce") { h in
      let staged = try h.outputs.stage(job: "j", epoch: 1)
      try StorageHarness.write("one", to: staged.makeResult())
      _ = try h.refused { _ = try staged.makeResult() }
      let text = String(decoding: try h.outputs.openResult(staged.file).read(at: 0, bytes: 9), as: UTF8.self)
      try h.expect(text == "one", "the first stays: \(text)")
      let again = try h.outputs.stage(job: "j", epoch: 1)
      try h.expect(again.file != staged.file, "each run has a name of its own")
    },
    Case("aSealedFileCanBeDiscarded") { h in
      let staged = try h.outputs.stage(job: "j", epoch: 1)
      let sink = try staged.makeRejects()
      try StorageHarness.write("bad", to: sink)
      sink.discard()
      let left = try h.outputs.stagedFiles(of: "j")
      try h.expect(left.isEmpty, "nothing is left: \(left)")
    },
    Case("whatIsStagedIsFoundAndRemoved") { h in
      for job in ["a", "b"] { _ = try h.result("x", job: job) }
      try h.expect(try h.outputs.stagedJobs() == ["a", "b"], "by job")
      let files = try h.outputs.stagedFiles(of: "a")
      try h.expect(files.count == 1 && files[0].ageSeconds < 60, "with its age: \(files)")
      h.outputs.removeEmptyStage(of: "a")
      try h.expect(try h.outputs.stagedFiles(of: "a").count == 1, "what isn't empty stays")
      let removed = [
        try h.outputs.removeStaged(files[0].name, of: "a"), try h.outputs.removeStaged(files[0].name, of: "a"),
      ]
      try h.expect(removed == [true, false], "once: \(removed)")
      h.outputs.removeEmptyStage(of: "a")
      try h.expect(try h.outputs.stagedJobs() == ["b"], "and nothing is left of it")
      try h.expect(try h.outputs.stagedFiles(of: "a").isEmpty, "as of a job that never was")
    },
  ]
}
