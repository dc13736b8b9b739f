/// What a job may ask for that came after the first version, by names that never change.
///
/// A job's record lists what the job needs, and a worker claims only jobs whose needs it knows. So the processes of a fleet
/// can be upgraded one at a time: a newer one takes a job, an older one leaves it to the others.
public enum JobFeature: String, CaseIterable, Sendable {
  /// ``JobSpec/Format/ndjson``.
  case ndjson
  /// ``Aggregate/Function/median``.
  case median
  /// ``Aggregate/Function/variance`` and ``Aggregate/Function/variancePop``.
  case variance
  /// No ``JobSpec/output``.
  case unnamedResult
  /// ``InputReference/upload(_:)``.
  case uploads
}

extension JobSpec {
  /// What a worker must know to run the job, each feature once.
  public var needs: [JobFeature] {
    JobFeature.allCases.filter { feature in
      switch feature {
      case .ndjson: format == .ndjson
      case .median: aggregates.contains { $0.function == .median }
      case .variance: aggregates.contains { $0.function == .variance || $0.function == .variancePop }
      case .unnamedResult: output == nil
      case .uploads: readsUploads
      }
    }
  }
}
