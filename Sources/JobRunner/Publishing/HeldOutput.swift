public import JobQueue
public import StorageLocal
import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// An output that nobody publishes as long as the value lives.
public struct HeldOutput: Sendable {
  private let lock: OutputLock
  /// Whether the output's name shows the job's result already: its publisher has died, or the store hasn't heard of it.
  public let showsResult: Bool

  /// Takes the output's lock, without waiting for it.
  ///
  /// - Returns: nil when another holder has it, or the job has no output.
  /// - Throws: ``SystemCallError``.
  public init?(of job: JobRecord, in folder: DataFolder) throws {
    guard let output = job.spec.output, let lock = try OutputLock.takeNow(output, in: folder) else { return nil }
    self.lock = lock
    showsResult = job.result.map { folder.shows($0.file, as: output) } ?? false
  }
}

extension DataFolder {
  /// Whether a visible name is a link to that result's file.
  func shows(_ result: String, as output: String) -> Bool {
    guard let file = try? openResult(result), let (parent, name) = try? openParent(of: output) else { return false }
    var visible = stat()
    guard fstatat(parent.descriptor, name, &visible, AT_SYMLINK_NOFOLLOW) == 0 else { return false }
    let own = file.information
    return visible.st_ino == own.st_ino && visible.st_dev == own.st_dev
  }
}
