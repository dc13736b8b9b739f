public import JobQueue
public import JobRunner
import Processor
public import Storage
import Synchronization
public import TallySchema

/// Runs jobs with ``CSVProcessor``.
public struct LocalEngine: JobEngine {
  private let inputs: any InputStorage
  private let spillFolder: String
  private let resultMode: UInt32
  private let limits: Limits

  /// - Parameters:
  ///   - spillFolder: for what doesn't fit in a job's memory.
  ///   - resultMode: who may read results, as the system's bits of a file's mode.
  public init(inputs: any InputStorage, spillFolder: String, resultMode: UInt32 = 0o444, limits: Limits) {
    self.inputs = inputs
    self.spillFolder = spillFolder
    self.resultMode = resultMode
    self.limits = limits
  }

  public func prepare(_ job: JobRecord, stage: any ResultStage) throws -> any JobRun {
    var places = ProcessingPlaces(inputs: [], stage: stage, spillFolder: spillFolder)
    places.resultMode = resultMode
    return CSVJobRun(spec: job.spec, places: places, storage: inputs, limits: limits)
  }
}

private final class CSVJobRun: JobRun {
  private let spec: JobSpec
  private let places: ProcessingPlaces
  private let storage: any InputStorage
  private let limits: Limits
  private let start = ContinuousClock.now
  /// Once the inputs are known.
  private let processor = Mutex<CSVProcessor?>(nil)

  init(spec: JobSpec, places: ProcessingPlaces, storage: any InputStorage, limits: Limits) {
    (self.spec, self.places, self.storage, self.limits) = (spec, places, storage, limits)
  }

  var progress: JobProgress {
    processor.withLock { $0 }?.snapshot(secondsSinceStart: (ContinuousClock.now - start) / .seconds(1))
      ?? JobProgress(phase: .reading)
  }

  func findInputs() throws -> [InputReading] {
    try storage.readings(of: spec, limits: limits) { Task.isCancelled }
  }

  func perform(reading inputs: [InputReading]) async throws -> SealedResult {
    var places = places
    places.inputs = inputs.map { [storage] input in
      ProcessingPlaces.Input(
        name: input.name, open: { () throws(JobFailure) in try storage.openObject(input) })
    }
    let processor = CSVProcessor(spec, places, limits: limits)
    self.processor.withLock { $0 = processor }
    return try await processor.run()
  }
}
