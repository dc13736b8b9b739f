import Foundation
import TallySchema
import TestSupport
import Testing

@testable import StorageLocal

/// Names lead to files beneath the folder, and nowhere else.
@Suite struct DataFolderTests {
  private let outside: TestFolder
  private let folder: DataFolder

  init() throws {
    outside = try TestFolder()
    _ = try outside.write(Array("secret".utf8), as: "secret.csv")
    folder = try DataFolder(path: outside.path + "/data", storeUUID: "u1")
    _ = try outside.write(Array("k\n".utf8), as: "data/in.csv")
    try FileManager.default.createDirectory(atPath: folder.path + "/sub", withIntermediateDirectories: true)
    _ = try outside.write(Array("k\n".utf8), as: "data/sub/in.csv")
    for (name, target) in [("link.csv", "../secret.csv"), ("out", ".."), ("inside.csv", "in.csv")] {
      try FileManager.default.createSymbolicLink(atPath: folder.path + "/" + name, withDestinationPath: target)
    }
  }

  @Test(arguments: ["in.csv", "sub/in.csv"]) func aNameIsOpened(name: String) throws {
    #expect(try folder.openInput(name).read(at: 0, bytes: 10) == Array("k\n".utf8))
  }

  @Test(arguments: [
    ("none.csv", "INPUT_NOT_FOUND"), ("sub/none.csv", "INPUT_NOT_FOUND"), ("in.csv/x", "INPUT_NOT_FOUND"),
    ("sub", "INPUT_NOT_A_FILE"), ("link.csv", "INPUT_NOT_READABLE"), ("inside.csv", "INPUT_NOT_READABLE"),
    ("out/secret.csv", "INPUT_NOT_READABLE"),
  ])
  func otherNamesAreRefused(name: String, reason: String) throws {
    let failure = #expect(throws: JobFailure.self) { try folder.openInput(name) }
    #expect(failure?.reason == reason)
  }

  @Test(arguments: [
    ("none/out.csv", "OUTPUT_FOLDER_NOT_FOUND"), ("out/x.csv", "OUTPUT_FOLDER_NOT_FOUND"), ("sub", "OUTPUT_NOT_A_FILE"),
    ("hard.csv", "OUTPUT_IS_INPUT"),
  ])
  func outputsThatCannotBeShownAreRefused(name: String, reason: String) throws {
    try FileManager.default.linkItem(atPath: folder.path + "/in.csv", toPath: folder.path + "/hard.csv")
    let input = try folder.openObject("in.csv")
    let failure = #expect(throws: JobFailure.self) { try folder.checkOutput(name, input: input) }
    #expect(failure?.reason == reason)
    try folder.checkOutput("new.csv", input: input)
    try folder.checkOutput("sub/new.csv", input: input)
  }

  @Test func anotherStoresFolderIsRefused() throws {
    #expect(throws: ForeignFolder.self) { try DataFolder(path: folder.path, storeUUID: "u2") }
    _ = try DataFolder(path: folder.path, storeUUID: "u1")
  }

  @Test func everyResultHasANameOfItsOwn() throws {
    let names = try (0..<50).map { _ in try folder.makeResultName(job: "j", epoch: 4) }
    #expect(Set(names).count == 50)
    for name in names { #expect(name.hasPrefix(".tally/results/j/4-")) }
  }
}
