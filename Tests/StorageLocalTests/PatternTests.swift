import Foundation
import TallySchema
import TestSupport
import Testing

@testable import StorageLocal

/// The files that a job's inputs stand for.
@Suite struct PatternTests {
  private let place: TestFolder
  private let folder: DataFolder

  init() throws {
    place = try TestFolder()
    folder = try DataFolder(path: place.path + "/data", storeUUID: "u")
    try FileManager.default.createDirectory(atPath: place.path + "/data/sub", withIntermediateDirectories: true)
    for name in ["a.csv", "b.csv", "out.csv", "out.csv.rejects.csv", "sub/c.csv", "a.txt", ".hidden.csv", "odd[1].csv"]
    {
      _ = try place.write("x\n".utf8, as: "data/" + name)
    }
  }

  @Test(
    arguments: [
      (["*.csv"], ["a.csv", "b.csv", "odd[1].csv"]), (["?.csv"], ["a.csv", "b.csv"]), (["sub/*"], ["sub/c.csv"]),
      (["[ab].*"], ["a.csv", "a.txt", "b.csv"]), (["*/*.csv"], ["sub/c.csv"]),
      (["b.csv", "*.csv"], ["b.csv", "a.csv", "odd[1].csv"]),
      (["odd[1].csv"], ["odd[1].csv"]),
    ] as [([String], [String])])
  func aPatternStandsForWhatItMatches(inputs: [String], expected: [String]) throws {
    var spec = JobSpec(input: "", output: "out.csv")
    spec.inputs = inputs
    #expect(try folder.inputNames(spec, limits: .standard, isStopping: { false }) == expected)
  }

  @Test func noMatchAndTooManyAreErrors() throws {
    var spec = JobSpec(input: "none*", output: "out.csv")
    #expect(throws: JobFailure.self) { try folder.inputNames(spec, limits: .standard, isStopping: { false }) }
    var limits = Limits.standard
    limits.inputFiles = 1
    spec.inputs = ["*.csv"]
    let failure = #expect(throws: JobFailure.self) {
      try folder.inputNames(spec, limits: limits, isStopping: { false })
    }
    #expect(failure?.reason == "TOO_MANY_INPUTS" && failure?.message.contains("inputFiles") == true)
  }
}
