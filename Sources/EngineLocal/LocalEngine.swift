public import JobQueue
public import JobRunner
import Processor
import Storage
public import StorageLocal
import Synchronization
public import TallySchema

/// Runs jobs with ``CSVProcessor``.
public struct LocalEngine: JobEngine {
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
    var places = ProcessingPlaces(inputs: [], stage: LocalStage(path: resultPath), spillFolder: spillFolder)
    places.resultMode = resultMode
    return CSVJobRun(spec: job.spec, places: places, folder: folder, limits: limits)
  }
}

private final class CSVJobRun: JobRun {
  private let spec: JobSpec
  private let places: ProcessingPlaces
  private let folder: DataFolder
  private let limits: Limits
  private let start = ContinuousClock.now
  /// Once the inputs are known.
  private let processor = Mutex<CSVProcessor?>(nil)

  init(spec: JobSpec, places: ProcessingPlaces, folder: DataFolder, limits: Limits) {
    (self.spec, self.places, self.folder, self.limits) = (spec, places, folder, limits)
  }

  var progress: JobProgress {
    processor.withLock { $0 }?.snapshot(secondsSinceStart: (ContinuousClock.now - start) / .seconds(1))
      ?? JobProgress(phase: .reading)
  }

  func findInputs() throws -> [InputReading] {
    try folder.readings(of: spec, limits: limits) { Task.isCancelled }
  }

  func perform(reading inputs: [InputReading]) async throws -> JobRunOutcome {
    var places = places
    places.inputs = inputs.map { [folder] input in
      ProcessingPlaces.Input(
        name: input.name, open: { () throws(JobFailure) in try folder.openObject(input) })
    }
    let processor = CSVProcessor(spec, places, limits: limits)
    self.processor.withLock { $0 = processor }
    let outcome = try await processor.run()
    return JobRunOutcome(
      bytes: outcome.bytes, rows: outcome.rows, sha256: outcome.sha256, progress: outcome.progress)
  }
}
