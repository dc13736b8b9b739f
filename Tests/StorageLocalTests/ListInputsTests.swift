import Foundation
import Storage
import TestSupport
import Testing

@testable import StorageLocal

/// What `listInputs` lists: regular files by the bytes of their names, each once, whoever else lists at the time.
@Suite struct ListInputsTests {
  private let place: TestFolder
  private let folder: DataFolder

  init() throws {
    place = try TestFolder()
    folder = try DataFolder(path: place.path + "/data", storeUUID: "u")
    try FileManager.default.createDirectory(atPath: folder.path + "/sub/deep", withIntermediateDirectories: true)
    for name in ["b.csv", "a.csv", "sub/c.csv", "sub/deep/d.csv", "é.csv", ".tally/own.csv"] {
      _ = try place.write([0x6B], as: "data/" + name)
    }
    try FileManager.default.createSymbolicLink(atPath: folder.path + "/link.csv", withDestinationPath: "a.csv")
  }

  @Test func filesAreListedInOrderAndNothingElseIs() throws {
    let names = try folder.list(prefix: "", after: nil, most: 100, isStopping: { false }).map(\.name)
    #expect(names == ["a.csv", "b.csv", "sub/c.csv", "sub/deep/d.csv", "é.csv"])
    #expect(
      try folder.list(prefix: "sub/", after: nil, most: 100, isStopping: { false }).map(\.name) == [
        "sub/c.csv", "sub/deep/d.csv",
      ])
    #expect(
      try folder.list(prefix: "", after: "b.csv", most: 2, isStopping: { false }).map(\.name) == [
        "sub/c.csv", "sub/deep/d.csv",
      ])
  }

  @Test func manyListAtTheSameTime() async throws {
    let lists = try await withThrowingTaskGroup(of: [String].self) { group in
      for _ in 0..<200 {
        group.addTask { try folder.list(prefix: "", after: nil, most: 100, isStopping: { false }).map(\.name) }
      }
      return try await group.reduce(into: Set<[String]>()) { $0.insert($1) }
    }
    #expect(lists.count == 1)
  }
}
