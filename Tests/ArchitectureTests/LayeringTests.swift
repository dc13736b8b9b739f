import Foundation
import Testing

/// The rules of the house, checked on the sources themselves.
@Suite struct LayeringTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private struct Source {
    var path: String
    var text: String
    var imports: Set<String> {
      Set(
        text.split(separator: "\n").compactMap { line in
          let words = line.split(separator: " ").filter {
            !["public", "internal", "@testable", "@preconcurrency"].contains($0)
          }
          return words.first == "import" ? words.dropFirst().first.map(String.init) : nil
        })
    }
  }

  private static func sources(_ folder: String) throws -> [Source] {
    let base = root.appendingPathComponent(folder).path
    let files = FileManager.default.enumerator(atPath: base)?.compactMap { $0 as? String } ?? []
    // The code of a documentation's steps is its reader's.
    return try files.filter { $0.hasSuffix(".swift") && !$0.contains(".docc/") }.map {
      Source(path: "\(folder)/\($0)", text: try String(contentsOfFile: "\(base)/\($0)", encoding: .utf8))
    }
  }

  /// What a folder may import: of our own modules, and of others where that is the point.
  static let allowed: [(folder: String, own: Set<String>, never: Set<String>)] = [
    ("Sources/Schema", [], ["Foundation", "Logging"]),
    (
      "Sources/Processor", ["TallySchema", "Storage", "CTallySIMD", "CTallySystem", "CTallyZlib", "CTallyZstd"],
      ["Foundation", "Hummingbird", "GRDB", "Logging"]
    ),
    ("Sources/StorageConformance", ["TallySchema", "Storage"], ["Foundation", "Testing"]),
    ("Sources/Storage", ["TallySchema"], ["Foundation", "GRDB", "Hummingbird", "NIOCore"]),
    (
      "Sources/StorageLocal", ["TallySchema", "Storage", "CTallySystem"],
      ["Foundation", "GRDB", "Hummingbird", "NIOCore"]
    ),
    ("Sources/JobQueue", ["TallySchema", "Storage"], ["Foundation", "GRDB", "Hummingbird"]),
    ("Sources/JobQueueSQLite", ["TallySchema", "JobQueue", "Storage", "Uploads"], ["Hummingbird"]),
    (
      "Sources/JobQueuePostgres", ["TallySchema", "JobQueue", "Storage", "Uploads", "CTallyPostgres"],
      ["Foundation", "GRDB", "Hummingbird"]
    ),
    (
      "Sources/JobQueueConformance",
      ["TallySchema", "JobQueue", "JobRunner", "Storage", "StorageConformance", "StorageLocal", "Uploads"],
      ["GRDB", "Testing"]
    ),
    (
      "Sources/JobRunner", ["TallySchema", "JobQueue", "Storage", "Uploads"],
      ["Foundation", "GRDB", "Hummingbird", "NIOCore", "Processor"]
    ),
    (
      "Sources/EngineLocal", ["TallySchema", "JobQueue", "JobRunner", "Processor", "Storage"],
      ["Foundation", "GRDB", "Hummingbird", "NIOCore"]
    ),
    ("Sources/Uploads", ["TallySchema", "JobQueue", "Storage"], ["GRDB", "Hummingbird", "HTTPTypes", "NIOCore"]),
    ("Sources/Access", ["TallySchema"], ["Foundation", "GRDB", "Hummingbird", "HTTPTypes"]),
    ("Sources/RPCServer/RPC", ["TallySchema", "Access"], ["Hummingbird", "HummingbirdCore", "HTTPTypes", "NIOCore"]),
    (
      "Sources/RPCServer/Methods", ["TallySchema", "JobQueue", "JobRunner", "Processor", "Storage", "Uploads"],
      ["Hummingbird", "HummingbirdCore", "HTTPTypes"]
    ),
    ("Sources/RPCServer/Progress", ["TallySchema", "JobQueue"], ["Hummingbird", "HummingbirdCore", "HTTPTypes"]),
    (
      "Sources/RPCServer",
      [
        "TallySchema", "Access", "EngineLocal", "JobQueue", "JobRunner", "Processor", "Storage", "Uploads",
        "CTallyZlib", "CTallyZstd",
      ], ["GRDB"]
    ),
    ("Sources/generate-plays", [], ["TallySchema", "RPCServer", "RPCClient"]),
    ("Sources/RPCClient/Curl", ["CTallyCurl"], ["TallySchema", "Foundation"]),
    ("Sources/RPCClient/Client", ["TallySchema"], ["Foundation"]),
    ("Sources/RPCClient", ["TallySchema", "CTallyCurl"], ["Foundation", "Hummingbird"]),
    ("Sources/RPCClientTesting", ["TallySchema", "RPCClient"], ["Foundation", "CTallyCurl"]),
    // Foundation would double the time until a command begins.
    ("Sources/rpc-client", ["TallySchema", "RPCClient"], ["CTallyCurl", "Foundation", "FoundationEssentials"]),
    (
      "Sources/rpc-server",
      [
        "TallySchema", "RPCServer", "JobQueue", "JobQueueSQLite", "JobQueuePostgres", "JobRunner", "Storage",
        "StorageLocal", "Uploads",
      ],
      ["GRDB", "Hummingbird"]
    ),
  ]

  /// The modules of this package. One folder has a shorter name than its module: `Schema` alone would collide with modules of
  /// other packages.
  private static func own() throws -> Set<String> {
    let folders = try FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent("Sources").path)
    return Set(folders.map { $0 == "Schema" ? "TallySchema" : $0 })
  }

  @Test func everyModuleHasItsRule() throws {
    let ruled = Set(Self.allowed.map { $0.folder.split(separator: "/")[1] })
    for folder in try FileManager.default.contentsOfDirectory(atPath: Self.root.path + "/Sources")
    where !(try Self.sources("Sources/\(folder)").isEmpty) {
      #expect(ruled.contains(folder[...]), "Sources/\(folder) has no rule")
    }
  }

  @Test(arguments: allowed.indices) func aLayerImportsOnlyWhatIsBelowIt(index: Int) throws {
    let (folder, own, never) = Self.allowed[index]
    let sources = try Self.sources(folder)
    #expect(!sources.isEmpty, "\(folder) was checked")
    for source in sources {
      let foreign = source.imports.intersection(try Self.own()).subtracting(own)
      #expect(foreign.isEmpty, "\(source.path) imports \(foreign)")
      #expect(source.imports.isDisjoint(with: never), "\(source.path) imports \(source.imports.intersection(never))")
    }
  }

  @Test func noModuleHoldsATypeOfItsOwnName() throws {
    let sample = try Regex("\\bstruct LayeringTests[ :<{]")
    #expect(
      try Self.sources("Tests/ArchitectureTests").contains { $0.text.firstMatch(of: sample) != nil }, "the check works")
    for module in try Self.own() {
      for source in try Self.sources(module == "TallySchema" ? "Sources/Schema" : "Sources/\(module)") {
        for kind in ["struct", "class", "enum", "actor", "protocol"] {
          let pattern = try Regex("\\b\(kind) \(module)[ :<{]")
          #expect(source.text.firstMatch(of: pattern) == nil, "\(source.path)")
        }
      }
    }
  }

  @Test func filesHoldOneIdea() throws {
    let sources = try Self.sources("Sources")
    #expect(sources.count > 100)
    for source in sources {
      let lines = source.text.split(separator: "\n", omittingEmptySubsequences: false).count
      #expect(lines <= 260, "\(source.path) has \(lines) lines")
    }
  }

  @Test func uncheckedSendableIsProvedInASentence() throws {
    var found = 0
    for source in try Self.sources("Sources") {
      let lines = source.text.components(separatedBy: "\n")
      for (index, line) in lines.enumerated() where line.contains(": @unchecked Sendable") {
        found += 1
        let comment = lines[max(0, index - 8)..<index].joined(separator: "\n")
        #expect(comment.contains("`@unchecked Sendable`:"), "\(source.path):\(index + 1) has no proof")
      }
    }
    #expect(found > 3, "there were some to check")
  }

  @Test func theProjectSpeaksOfItselfAlone() throws {
    for source in try Self.sources("Sources") + Self.sources("Tests")
    where !source.path.hasSuffix("LayeringTests.swift") {
      for word in ["TODO", "FIXME", "/home/", "/Users/", "XCTSkip", ".disabled("] {
        #expect(!source.text.contains(word), "\(source.path) holds \(word)")
      }
    }
  }
}
