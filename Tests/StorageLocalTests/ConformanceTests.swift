import Foundation
import Storage
import StorageConformance
import StorageLocal
import TestSupport
import Testing

@Suite struct StorageConformanceTests {
  @Test(arguments: StorageRules.cases) func theDataFolderKeeps(rule: StorageRules.Case) async throws {
    try await rule.run(on: DataFolderUnderTest())
  }
}

private final class DataFolderUnderTest: StorageUnderTest {
  private let place: TestFolder
  private let folder: DataFolder

  init() throws {
    place = try TestFolder()
    folder = try DataFolder(path: place.path + "/data", storeUUID: "test")
  }

  var inputs: any InputStorage { folder }
  var outputs: any OutputStorage { folder }

  func another() throws -> any OutputStorage { try DataFolder(path: folder.path, storeUUID: "test") }

  /// A new file in the place of the old one, as programs write that people use.
  func put(_ text: String, as name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(name)"), options: .atomic)
  }

  func rename(_ name: String, to new: String) throws {
    try FileManager.default.moveItem(atPath: "\(folder.path)/\(name)", toPath: "\(folder.path)/\(new)")
  }
}
