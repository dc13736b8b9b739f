import Storage
import TallySchema

extension StorageRules {
  static let showing: [Case] = [
    Case("aStorageHasNoFence") { h in
      let (older, newer) = (try h.result("older"), try h.result("newer", epoch: 2))
      for (file, text) in [(newer, "newer"), (older, "older")] {
        try h.show(file)
        try h.expect(h.text("out.csv") == text, "it shows what it is told")
      }
    },
    Case("showingIsRepeatableAndOneStep") { h in
      try h.place.put("before", as: "out.csv")
      let file = try h.result("one")
      for _ in 0..<3 {
        var steps = 0
        try h.outputs.show(file, as: "out.csv", temporary: "t") { _ in steps += 1 }
        try h.expect(steps == 4, "every step is told: \(steps)")
        try h.expect(h.text("out.csv") == "one" && h.outputs.shows(file, as: "out.csv"), "it is shown")
      }
      let text = String(decoding: try h.outputs.openResult(file).read(at: 0, bytes: 9), as: UTF8.self)
      try h.expect(text == "one", "the result stays where it was: \(text)")
    },
    Case("aNameIsHiddenOnlyWhereItShowsThatResult") { h in
      let (older, newer) = (try h.result("older"), try h.result("newer", epoch: 2))
      try h.show(newer)
      try h.outputs.hide("out.csv", showing: older)
      try h.expect(h.text("out.csv") == "newer", "another result's name stays")
      try h.outputs.hide("out.csv", showing: newer)
      try h.expect(try h.text("out.csv") == nil && h.outputs.identity(of: "out.csv") == nil, "its own goes")
      try h.outputs.hide("out.csv", showing: newer)
      try h.expect(!h.outputs.shows(newer, as: "out.csv"), "and may have gone")
    },
    Case("aShownNameOutlivesItsResultsFile") { h in
      let file = try h.result("one")
      try h.show(file)
      h.outputs.removeResult(file, of: "j")
      try h.expect(h.text("out.csv") == "one", "the name shows it")
      try h.expect((try? h.outputs.openResult(file)) == nil, "and the result has gone")
    },
    Case("aHeldNameIsHeldForEveryProcess") { h in
      let other = try h.place.another()
      var held = try await h.outputs.hold("out.csv", atMostMilliseconds: 0)
      try h.expect(held != nil, "it is free at first")
      var second = try await other.hold("out.csv", atMostMilliseconds: 50)
      var now = try other.holdNow("out.csv")
      try h.expect(second == nil && now == nil, "another process doesn't get it")
      second = try await other.hold("else.csv", atMostMilliseconds: 0)
      try h.expect(second != nil, "another name is free")
      held = nil
      now = try other.holdNow("out.csv")
      try h.expect(now != nil, "it is free when its holder has let it go")
    },
    Case("whatCannotBeShownIsRefusedBefore") { h in
      try h.place.put("k\n", as: "in.csv")
      let input = try h.inputs.openObject("in.csv")
      let reason = try h.refused { try h.outputs.checkOutput("in.csv", input: input) }
      try h.expect(reason == "OUTPUT_IS_INPUT", "an input is no output: \(reason)")
      try h.place.put("k\n", as: "there.csv")
      let there = [
        try h.outputs.checkOutput("there.csv", input: input), try h.outputs.checkOutput("new.csv", input: input),
      ]
      try h.expect(there == [true, false], "it is told whether something is there: \(there)")
    },
  ]
}
