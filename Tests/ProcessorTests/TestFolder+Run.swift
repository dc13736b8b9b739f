import Foundation
import TallySchema
import TestSupport

@testable import Processor

extension TestFolder {
  /// Runs a job on bytes, and returns what it wrote.
  func run(
    _ spec: JobSpec, on bytes: [UInt8], threads: Int? = nil, blockBytes: Int? = nil, limits: Limits = .standard,
    grouping: GroupingCut? = nil
  ) async throws -> (output: [UInt8], outcome: ProcessingOutcome) {
    let input = try write(bytes, as: "input.csv")
    let result = "result-\(UUID().uuidString)"
    var places = ProcessingPlaces(
      inputs: [ProcessingPlaces.Input(name: spec.input, file: .path(input))], resultPath: "\(path)/\(result)",
      spillFolder: path, threads: threads, blockBytes: blockBytes)
    places.grouping = grouping
    let outcome = try await CSVProcessor(spec, places, limits: limits).run()
    return (try read(result), outcome)
  }
}

extension ProcessingPlaces {
  /// Of one input, which messages call `in.csv`.
  init(input: ProcessingInput, resultPath: String, spillFolder: String, blockBytes: Int? = nil) {
    self.init(
      inputs: [Input(name: "in.csv", file: input)], resultPath: resultPath, spillFolder: spillFolder,
      blockBytes: blockBytes)
  }
}

extension InputText {
  /// A file as it is, in UTF-8.
  convenience init(plain file: InputFile) throws {
    try self.init(file, dialect: CSVDialect(), memoryBytes: 64 << 20, limits: .standard)
  }
}
