import Storage
import Synchronization
import TallySchema

/// A file that is read from the first to the last byte, and must be the same at the end as at the start.
///
/// It is open while somebody holds what ``opened()`` returns, and otherwise only where it is to stay open: a job of many files
/// opens each when it is read.
final class InputFile: Sendable {
  private struct State {
    /// Set where the file stays open.
    var kept: (any InputObject)?
    weak var shared: (any InputObject)?
  }

  /// As it is shown to people.
  let name: String
  /// Bytes.
  let size: Int
  /// Who may read it, as the bits of a file's mode.
  let permissions: UInt32
  let interruption: Interruption
  private let version: String
  private let open: InputOpener
  private let state: Mutex<State>

  /// Opens the file for reading.
  ///
  /// - Parameters:
  ///   - name: as messages call it.
  ///   - staysOpen: false: it is closed whenever nobody reads it, and must be the same file when it is opened again.
  /// - Throws: ``JobFailure``, as the storage has it.
  init(
    _ open: @escaping InputOpener, name: String, staysOpen: Bool = true, interruption: Interruption = Interruption()
  ) throws(JobFailure) {
    let object = try open()
    self.open = open
    self.name = name
    self.interruption = interruption
    size = object.size
    permissions = object.permissions
    version = try object.version()
    state = Mutex(State(kept: staysOpen ? object : nil, shared: object))
  }

  /// The open file, for as long as somebody holds it.
  ///
  /// - Throws: ``JobFailure``; ABORTED when another file has its name by now.
  func opened() throws(JobFailure) -> any InputObject {
    if let object = state.withLock({ $0.shared }) { return object }
    let again = try open()
    guard try again.version() == version else { throw changed() }
    state.withLock { $0.shared = again }
    return again
  }

  /// Reads at an offset until the buffer is full or the file ends; returns the bytes read.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(JobFailure) -> Int {
    let object = try opened()
    var filled = 0
    while filled < buffer.count {
      try interruption.check()
      let got = try object.read(
        into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]), at: offset + filled)
      if got == 0 { break }
      filled += got
    }
    return filled
  }

  /// - Throws: ``JobFailure`` ABORTED when the file has changed since it was opened.
  func checkUnchanged() throws(JobFailure) {
    guard try opened().version() == version else { throw changed() }
  }

  func changed() -> JobFailure {
    JobFailure(
      .aborted, reason: "INPUT_CHANGED",
      "\(name): the file has changed while it was read. Submit the job again when it is complete.", file: name)
  }
}
