public import Storage
import TallySchema

/// The rules that every storage keeps, each a named test. A storage's own tests run them all.
///
/// The first rule shows that a storage has no fencing. The job store decides which result a name shows; the caller asks
/// it while holding the name's lock, and the storage shows the result that it is given.
public enum StorageRules {
  public struct Case: Sendable, CustomStringConvertible {
    public let name: String
    let body: @Sendable (StorageHarness) async throws -> Void

    public var description: String { name }

    init(_ name: String, _ body: @escaping @Sendable (StorageHarness) async throws -> Void) {
      self.name = name
      self.body = body
    }

    /// - Throws: ``BrokenRule``, which says what was expected and where.
    public func run(on place: any StorageUnderTest) async throws { try await body(StorageHarness(place: place)) }
  }

  public static let cases: [Case] = showing + staging + reading
}

/// One storage, empty at first, as its tests use it.
public protocol StorageUnderTest: Sendable {
  var inputs: any InputStorage { get }
  var outputs: any OutputStorage { get }
  /// The same storage as another process has it.
  func another() throws -> any OutputStorage
  /// What people do with inputs: they put one there, in the place of another if there is one, or give it another name.
  func put(_ text: String, as name: String) throws
  func rename(_ name: String, to new: String) throws
}

/// What a rule is tried on.
struct StorageHarness: Sendable {
  let place: any StorageUnderTest
  var inputs: any InputStorage { place.inputs }
  var outputs: any OutputStorage { place.outputs }

  func expect(_ condition: Bool, _ rule: String, line: UInt = #line) throws {
    if !condition { throw BrokenRule(rule, line: line) }
  }

  /// Writes and seals a result; returns its file.
  func result(_ text: String, job: String = "j", epoch: Int = 1) throws -> String {
    let staged = try outputs.stage(job: job, epoch: epoch)
    try StorageHarness.write(text, to: staged.makeResult())
    return staged.file
  }

  static func write(_ text: String, to sink: any ByteSink) throws {
    try Array(text.utf8).withUnsafeBytes { try sink.write($0, at: 0, isLast: true) }
    try sink.seal(permissions: 0o444)
  }

  func show(_ file: String, as output: String = "out.csv") throws {
    try outputs.show(file, as: output, temporary: "t") { _ in }
  }

  /// What stands under a name; nil: nothing.
  func text(_ name: String) -> String? {
    (try? inputs.openObject(name).read(at: 0, bytes: 100)).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The reason of a refusal.
  func refused(line: UInt = #line, _ body: () throws -> Void) throws -> String {
    do {
      try body()
    } catch let failure as JobFailure {
      return failure.reason
    }
    throw BrokenRule("the storage should have refused", line: line)
  }
}
