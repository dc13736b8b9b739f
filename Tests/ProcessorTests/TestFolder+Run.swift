import Foundation
import Schema
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
      input: .path(input), resultPath: "\(path)/\(result)", spillFolder: path, threads: threads, blockBytes: blockBytes)
    places.grouping = grouping
    let outcome = try await CSVProcessor(spec, places, limits: limits).run()
    return (try read(result), outcome)
  }
}
