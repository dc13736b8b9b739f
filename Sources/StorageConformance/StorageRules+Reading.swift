import Storage
import TallySchema

extension StorageRules {
  private static func readings(_ h: StorageHarness, _ input: String) throws -> [InputReading] {
    try h.inputs.readings(of: JobSpec(input: input, output: "out.csv"), limits: .standard) { false }
  }

  static let reading: [Case] = [
    Case("inputsAreListedByTheirBytesPageByPage") { h in
      for name in ["b.csv", "a.csv", "é.csv", "B.csv"] { try h.place.put("k\n", as: name) }
      func names(_ prefix: String, after last: String?, most: Int) throws -> [String] {
        try h.inputs.list(prefix: prefix, after: last, most: most) { false }.map(\.name)
      }
      try h.expect(try names("", after: nil, most: 9) == ["B.csv", "a.csv", "b.csv", "é.csv"], "in order")
      try h.expect(try names("", after: "B.csv", most: 2) == ["a.csv", "b.csv"], "a page")
      try h.expect(try names("b", after: nil, most: 9) == ["b.csv"], "a beginning")
      try h.expect(try h.inputs.list(prefix: "a", after: nil, most: 1) { false }.first?.bytes == 2, "with its size")
    },
    Case("aPatternStandsForWhatItMatches") { h in
      for name in ["in-2.csv", "in-1.csv", "out.csv", "other"] { try h.place.put("k\n", as: name) }
      let found = try readings(h, "*.csv")
      try h.expect(found.map(\.name) == ["in-1.csv", "in-2.csv"], "in order, without its own output: \(found)")
      try h.expect(found.allSatisfy { $0.isMatched && $0.identity != nil }, "and which they are")
      let exact = try readings(h, "other")
      try h.expect(exact.map(\.isMatched) == [false], "a name is no pattern: \(exact)")
      let reason = try h.refused { _ = try readings(h, "none-*") }
      try h.expect(reason == "INPUT_NOT_FOUND", "no match is an error: \(reason)")
    },
    Case("anInputIsWhatItWasUnderAnotherName") { h in
      try h.place.put("k\n", as: "in.csv")
      let reading = try readings(h, "in.csv")[0]
      try h.place.rename("in.csv", to: "new.csv")
      try h.expect(try h.outputs.identity(of: "new.csv") == reading.identity, "outputs see that")
      try h.place.put("k\n", as: "in.csv")
      let reason = try h.refused { _ = try h.inputs.openObject(reading) }
      try h.expect(reason == "INPUT_CHANGED", "another file under its name isn't read: \(reason)")
    },
    Case("aVersionTellsWhetherTheBytesMayBeOthers") { h in
      try h.place.put("k\na\n", as: "in.csv")
      let object = try h.inputs.openObject("in.csv")
      let version = try object.version()
      try h.expect(try object.version() == version, "nothing has changed")
      try h.place.rename("in.csv", to: "new.csv")
      try h.expect(try h.inputs.openObject("new.csv").version() == version, "a name is no content")
      try h.place.put("k\nlonger\n", as: "new.csv")
      try h.expect(try h.inputs.openObject("new.csv").version() != version, "other bytes are")
    },
    Case("anInputIsReadAnywhere") { h in
      try h.place.put("0123456789", as: "in.csv")
      let object = try h.inputs.openObject("in.csv")
      var texts: [String] = []
      for (offset, bytes) in [(0, 4), (8, 9), (10, 1), (99, 1)] {
        texts.append(String(decoding: try object.read(at: offset, bytes: bytes), as: UTF8.self))
      }
      try h.expect(texts == ["0123", "89", "", ""] && object.size == 10, "\(texts)")
    },
    Case("whatIsNotThereIsSaidSo") { h in
      let reason = try h.refused { _ = try h.inputs.openObject("none.csv") }
      try h.expect(reason == "INPUT_NOT_FOUND", reason)
      try h.inputs.checkInPlace()
      try h.outputs.checkInPlace()
    },
  ]
}
