public import JobQueue
import Processor
public import TallySchema

/// Runs jobs with ``CSVProcessor``.
public struct CSVExecutor: JobExecutor {
  private let folder: DataFolder
  private let spillFolder: String
  private let resultMode: UInt32
  private let limits: Limits

  /// - Parameters:
  ///   - spillFolder: for what doesn't fit in a job's memory.
  ///   - resultMode: who may read results, as the system's bits of a file's mode.
  public init(folder: DataFolder, spillFolder: String, resultMode: UInt32 = 0o444, limits: Limits) {
    self.folder = folder
    self.spillFolder = spillFolder
    self.resultMode = resultMode
    self.limits = limits
  }

  public func prepare(_ job: JobRecord, resultPath: String) throws -> any JobRun {
    var places = ProcessingPlaces(inputs: [], resultPath: resultPath, spillFolder: spillFolder)
    places.resultMode = resultMode
    // Patterns are looked up by the run's own thread.
    places.findInputs = { [folder, limits] interruption throws(JobFailure) in
      try folder.inputNames(job.spec, limits: limits, isStopping: { interruption.isSet }).map { name in
        ProcessingPlaces.Input(
          name: name,
          file: .opener { () throws(JobFailure) in try folder.openInputDescriptor(name) })
      }
    }
    return CSVJobRun(CSVProcessor(job.spec, places, limits: limits))
  }
}

private final class CSVJobRun: JobRun {
  private let processor: CSVProcessor
  private let start = ContinuousClock.now

  init(_ processor: CSVProcessor) { self.processor = processor }

  var progress: JobProgress { processor.snapshot(secondsSinceStart: (ContinuousClock.now - start) / .seconds(1)) }

  func perform() async throws -> JobRunOutcome {
    let outcome = try await processor.run()
    return JobRunOutcome(
      bytes: outcome.bytes, rows: outcome.rows, sha256: outcome.sha256, progress: outcome.progress)
  }
}
