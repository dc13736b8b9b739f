import Foundation
import Storage
import StorageLocal
import TallySchema
import TestSupport

@testable import Processor

/// Opens a file of this machine, which messages call `in.csv`.
func localInput(_ path: String) -> InputOpener {
  { () throws(JobFailure) in try LocalInput(path: path, name: "in.csv") }
}

/// What came of a run.
struct RunOutcome {
  var result: SealedResult
  var progress: JobProgress
}

extension TestFolder {
  /// Runs a job on bytes, and returns what it wrote.
  func run(
    _ spec: JobSpec, on bytes: [UInt8], threads: Int? = nil, blockBytes: Int? = nil, limits: Limits = .standard,
    grouping: GroupingCut? = nil
  ) async throws -> (output: [UInt8], outcome: RunOutcome) {
    let input = try write(bytes, as: "input.csv")
    let result = "result-\(UUID().uuidString)"
    var places = ProcessingPlaces(
      inputs: [ProcessingPlaces.Input(name: spec.input, open: localInput(input))],
      stage: LocalStage(path: "\(path)/\(result)"),
      spillFolder: path, threads: threads, blockBytes: blockBytes)
    places.grouping = grouping
    let processor = CSVProcessor(spec, places, limits: limits)
    let made = try await processor.run()
    return (try read(result), RunOutcome(result: made, progress: processor.snapshot(secondsSinceStart: 1)))
  }
}

extension ProcessingPlaces {
  /// Of one input, which messages call `in.csv`.
  init(input: @escaping InputOpener, stage: any ResultStage, spillFolder: String, blockBytes: Int? = nil) {
    self.init(
      inputs: [Input(name: "in.csv", open: input)], stage: stage, spillFolder: spillFolder,
      blockBytes: blockBytes)
  }
}

extension InputText {
  /// A file as it is, in UTF-8.
  convenience init(plain file: InputFile) throws {
    try self.init(file, dialect: CSVDialect(), memoryBytes: 64 << 20, limits: .standard)
  }
}
