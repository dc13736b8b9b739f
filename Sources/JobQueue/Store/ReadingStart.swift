public import Storage
import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What came of a worker's note of the files that its run reads.
public enum ReadingStart: Equatable, Sendable {
  /// The run reads these: what patterns have found without what other unfinished jobs write.
  case reads([InputReading])
  /// Nothing is noted: another worker has the job.
  case stale
}

/// A file that a job reads, and under which name.
public struct InputReader: Hashable, Sendable {
  public var jobID: String
  public var name: String

  public init(jobID: String, name: String) {
    self.jobID = jobID
    self.name = name
  }
}

/// Patterns of names, matched against names that are known (POSIX, "Pattern Matching Notation").
public enum NamePattern {
  /// Whether a pattern matches a name below the data folder: `*` and `?` match no `/`.
  public static func matches(_ pattern: String, _ name: String) -> Bool {
    fnmatch(pattern, name, FNM_PATHNAME | FNM_PERIOD) == 0
  }
}
