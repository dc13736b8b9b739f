import Foundation
public import Storage
import Synchronization
public import TallySchema

/// The inputs of a storage, and uploads beside them: `upload:ID` is read from the upload's segments.
public struct UploadedInputs: InputStorage {
  private let files: any InputStorage
  private let segments: any SegmentStorage
  private let store: any UploadStore
  private let permissions: UInt32

  /// - Parameter permissions: who may read a result that is made of uploads, as bits of a file's mode.
  public init(
    _ files: any InputStorage, segments: any SegmentStorage, store: any UploadStore, permissions: UInt32 = 0o444
  ) {
    (self.files, self.segments, self.store, self.permissions) = (files, segments, store, permissions)
  }

  public func checkInPlace() throws(JobFailure) { try files.checkInPlace() }

  public func list(prefix: String, after last: String?, most: Int, isStopping: Stopping) throws -> [InputEntry] {
    try files.list(prefix: prefix, after: last, most: most, isStopping: isStopping).map { entry in
      InputEntry(name: InputReference.file(entry.name).text, bytes: entry.bytes, modifiedAt: entry.modifiedAt)
    }
  }

  public func inputNames(
    _ spec: JobSpec, limits: Limits, isStopping: @escaping Stopping
  ) throws(JobFailure) -> [String] {
    let readings: [InputReading]
    do {
      readings = try joined(spec, limits) { part in
        try files.inputNames(part, limits: limits, isStopping: isStopping).map { InputReading(name: $0, identity: nil) }
      }
    } catch let failure as JobFailure {
      throw failure
    } catch {
      throw JobFailure(.internal, reason: "INTERNAL", "The inputs can't be looked up (\(error)).")
    }
    return readings.map(\.name)
  }

  public func readings(
    of spec: JobSpec, limits: Limits, isStopping: @escaping Stopping
  ) throws -> [InputReading] {
    try joined(spec, limits) { try files.readings(of: $0, limits: limits, isStopping: isStopping) }
  }

  public func openObject(_ name: String) throws(JobFailure) -> any InputObject {
    switch InputReference(name) {
    case .file(let name): try files.openObject(name)
    case .upload(let id): try open(id, isWhole: false)
    }
  }

  public func openObject(_ input: InputReading) throws(JobFailure) -> any InputObject {
    switch InputReference(input.name) {
    case .file(let name):
      try files.openObject(InputReading(name: name, identity: input.identity, isMatched: input.isMatched))
    case .upload(let id): try open(id, isWhole: true)
    }
  }

  /// The inputs of a specification in its order: files as their storage finds them, in one walk for those that stand together.
  private func joined(
    _ spec: JobSpec, _ limits: Limits, _ find: (JobSpec) throws -> [InputReading]
  ) throws -> [InputReading] {
    var found: [InputReading] = []
    var seen: Set<UTF8Key> = []
    var names: [String] = []
    func add(_ reading: InputReading) throws {
      guard seen.insert(UTF8Key(reading.name)).inserted else { return }
      if found.count == limits.inputFiles {
        throw JobFailure(
          .outOfRange, reason: "TOO_MANY_INPUTS",
          "\(reading.name): the job would read more than \(limits.inputFiles) files (inputFiles).", file: reading.name)
      }
      found.append(reading)
    }
    func addFiles() throws {
      if names.isEmpty { return }
      var part = spec
      part.inputs = names
      for reading in try find(part) {
        try add(
          InputReading(
            name: InputReference.file(reading.name).text, identity: reading.identity, isMatched: reading.isMatched))
      }
      names = []
    }
    for input in spec.inputs {
      switch InputReference(input) {
      case .file(let name): names.append(name)
      case .upload:
        try addFiles()
        try add(InputReading(name: input, identity: input))
      }
    }
    try addFiles()
    return found
  }

  /// - Parameter isWhole: whether it must be complete; else what is there of it is read, from its start.
  private func open(_ id: String, isWhole: Bool) throws(JobFailure) -> UploadObject {
    let name = InputReference.upload(id).text
    let (upload, rope) = try Blocking.wait { [store] in
      (try await store.upload(id), try await store.segments(ofUpload: id))
    }
    guard let upload, upload.expiredAt == nil else {
      throw JobFailure(
        .notFound, reason: "INPUT_NOT_FOUND", "\(name): there is no such upload. It may have expired: upload it again.",
        file: name)
    }
    if isWhole, !upload.isComplete {
      throw JobFailure(
        .unavailable, reason: "UPLOAD_INCOMPLETE",
        "\(name): \(upload.received) bytes of the upload have come, and not all.", file: name)
    }
    if rope.count > UploadSegment.most {
      throw JobFailure(
        .outOfRange, reason: "TOO_MANY_SEGMENTS",
        "\(name): more than \(UploadSegment.most) requests have sent its bytes. Upload it again, with more bytes in each.",
        file: name)
    }
    let object = UploadObject(id: id, rope, in: segments, permissions: permissions)
    // Looked up in two steps: it may have been given up between them.
    if isWhole, object.size != upload.length {
      throw JobFailure(
        .dataLoss, reason: "UPLOAD_DAMAGED",
        "\(name): the journal names \(object.size) of the upload's \(upload.received) bytes. Upload it again.",
        file: name)
    }
    return object
  }
}

/// Waits for a store on a thread that may wait: never on one of Swift's shared pool, which the store needs as well.
enum Blocking {
  /// - Throws: ``JobFailure``, also where the store is away.
  static func wait<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws(JobFailure) -> Value {
    let done = DispatchSemaphore(value: 0)
    let outcome = Mutex<Result<Value, any Error>?>(nil)
    // Its owner is this thread, which waits for it.
    Task.detached {
      let result: Result<Value, any Error>
      do { result = .success(try await body()) } catch { result = .failure(error) }
      outcome.withLock { $0 = result }
      done.signal()
    }
    done.wait()
    switch outcome.withLock({ $0 }) {
    case .success(let value)?: return value
    case .failure(let error)?:
      throw JobFailure(.unavailable, reason: "STORE_AWAY", "The job store doesn't tell what was uploaded (\(error)).")
    case nil: throw JobFailure(.internal, reason: "INTERNAL", "The job store has told nothing.")
    }
  }
}
