public import JobQueue
import Processor
public import Schema
import Synchronization

/// Runs jobs with ``CSVProcessor``.
public struct CSVExecutor: JobExecutor {
  private let folder: DataFolder
  private let spillFolder: String
  private let limits: Limits

  /// - Parameter spillFolder: for what doesn't fit in a job's memory.
  public init(folder: DataFolder, spillFolder: String, limits: Limits = .standard) {
    self.folder = folder
    self.spillFolder = spillFolder
    self.limits = limits
  }

  public func prepare(_ job: JobRecord, resultPath: String) throws -> any JobRun {
    let inputs = try folder.openInputs(job.spec, limits: limits)
    let places = ProcessingPlaces(
      inputs: inputs.map { ProcessingPlaces.Input(name: $0.name, file: .descriptor($0.file.descriptor)) },
      resultPath: resultPath, spillFolder: spillFolder)
    return CSVJobRun(inputs: inputs.map(\.file), processor: CSVProcessor(job.spec, places, limits: limits))
  }
}

private final class CSVJobRun: JobRun {
  /// They stay open until the run has ended.
  private let inputs: [OpenFile]
  private let processor: CSVProcessor
  private let start = ContinuousClock.now

  init(inputs: [OpenFile], processor: CSVProcessor) {
    self.inputs = inputs
    self.processor = processor
  }

  var progress: JobProgress { processor.snapshot(secondsSinceStart: (ContinuousClock.now - start) / .seconds(1)) }

  func perform() async throws -> JobRunOutcome {
    let outcome = try await processor.run()
    return JobRunOutcome(
      bytes: outcome.bytes, rows: outcome.rows, sha256: outcome.sha256, progress: outcome.progress)
  }
}
