import Foundation
import TallySchema
import TestSupport
import Testing
import Uploads

/// The rules of uploads against a simple model: two clients, whose requests come in any order, kills and expiry. After every step,
/// what the journal stands for is what the model has.
struct UploadModelTests {
  /// More by `TALLY_TEST_UPLOAD_STEPS`.
  private static let steps =
    ProcessInfo.processInfo.environment["TALLY_TEST_UPLOAD_STEPS"].flatMap { Int($0) } ?? 40_000

  @Test func theJournalIsTheModel() throws {
    let seed = UInt64.random(in: .min ... .max)
    var world = UploadWorld(seed: seed)
    for step in 0..<Self.steps {
      let did = world.step()
      if let difference = world.difference() {
        Issue.record("seed \(seed), step \(step), \(did): \(difference)")
        return
      }
    }
    #expect(world.done.count == UploadWorld.Action.allCases.count, "every action has been taken: \(world.done)")
  }
}

/// The journal as stores keep it, in memory; the files that it names; and the model.
struct UploadWorld {
  enum Action: CaseIterable {
    case create, join, begin, write, checkpoint, finish, kill, delete, expire, wait
  }

  /// A client's request.
  private struct Request {
    var upload: String
    var epoch: Int
    var start: Int
    var file: String
    var most: Int
  }

  /// A segment's file: what a crash leaves of it is what was durable, and perhaps something behind that.
  private struct File {
    var bytes: [UInt8] = []
    var durable = 0
  }

  /// What a caller may rely on: bytes that were acknowledged, and who writes.
  private struct Model {
    var bytes: [UInt8] = []
    var length: Int?
    var parts: [String]?
    var writer: Int?
    var isThere = true
    var touched: Int64
  }

  private static let expiry = 1_000
  private let lifecycle: UploadLifecycle
  private var random: SeededRandom
  private var now = Timestamp(milliseconds: 0)
  private var next = 0
  private(set) var done: Set<Action> = []
  private var uploads: [String: UploadRecord] = [:]
  private var segments: [String: [UploadSegment]] = [:]
  private var files: [String: File] = [:]
  private var requests: [Int: Request] = [:]
  private var models: [String: Model] = [:]

  init(seed: UInt64) {
    var limits = Limits.standard
    limits.uploadExpiryMilliseconds = UploadWorld.expiry
    lifecycle = UploadLifecycle(limits: limits)
    random = SeededRandom(seed: seed)
  }

  mutating func step() -> Action {
    let weighted: [Action] =
      [.create, .join, .delete, .kill, .expire, .wait] + Array(repeating: .begin, count: 4)
      + Array(repeating: .write, count: 10) + Array(repeating: .checkpoint, count: 5)
      + Array(repeating: .finish, count: 3)
    let action = weighted.randomElement(using: &random) ?? .wait
    let client = Int.random(in: 0...1, using: &random)
    switch action {
    case .create: create()
    case .join: join()
    case .begin: begin(client)
    case .write: write(client)
    case .checkpoint: checkpoint(client)
    case .finish:
      checkpoint(client)
      requests[client] = nil
    case .kill: kill()
    case .delete: delete()
    case .expire: expire()
    case .wait: now = now + Int.random(in: 1...200, using: &random)
    }
    done.insert(action)
    return action
  }

  private mutating func pick(_ condition: (Model) -> Bool = { _ in true }) -> String? {
    models.filter { $0.value.isThere && condition($0.value) }.keys.sorted().randomElement(using: &random)
  }

  private mutating func create() {
    guard models.count < 12 else { return }
    next += 1
    let id = "u\(next)"
    let length = Bool.random(using: &random) ? Int.random(in: 0...40, using: &random) : nil
    guard
      let made = try? lifecycle.admit(
        UploadCreation(owner: "a", kind: .partial, length: length), id: id, now: now)
    else { return }
    uploads[id] = made
    models[id] = Model(length: length, touched: now.milliseconds)
  }

  private mutating func join() {
    guard models.count < 14 else { return }
    let parts = (0..<2).compactMap { _ in pick { $0.parts == nil } }
    next += 1
    let id = "u\(next)"
    let creation = UploadCreation(owner: "a", kind: .final, parts: parts)
    guard let new = try? lifecycle.admit(creation, id: id, now: now),
      let made = try? lifecycle.join(new, found: parts.compactMap { uploads[$0] }, lists: 0, now: now)
    else {
      // The one reason that there is here.
      assert(Set(parts).count < 2)
      return
    }
    uploads[id] = made
    models[id] = Model(parts: parts, touched: now.milliseconds)
  }

  private mutating func begin(_ client: Int) {
    guard let id = pick(), let old = uploads[id], let model = models[id] else { return }
    let offset = Int.random(in: 0...4, using: &random) == 0 ? Int.random(in: 0...40, using: &random) : model.bytes.count
    let tells = model.length == nil && model.parts == nil && Bool.random(using: &random)
    let length = tells ? model.bytes.count + Int.random(in: -2...10, using: &random) : nil
    guard let start = try? lifecycle.begin(old, at: offset, length: length, now: now) else { return }
    uploads[id] = start.upload
    models[id]?.writer = nil
    guard case .begun(let begun) = start else { return }
    requests[client] = Request(
      upload: id, epoch: begun.epoch, start: offset, file: "\(id)/\(offset)-\(begun.epoch)-x",
      most: (begun.length ?? 60) - offset)
    models[id]?.writer = client
    if let length { models[id]?.length = length }
    touch(id)
  }

  private mutating func write(_ client: Int) {
    guard let request = requests[client] else { return }
    let count = min(Int.random(in: 0...9, using: &random), request.most - (files[request.file]?.bytes.count ?? 0))
    guard count > 0 else { return }
    files[request.file, default: File()].bytes += (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random)
    }
  }

  private mutating func checkpoint(_ client: Int) {
    guard let request = requests[client], let file = files[request.file], !file.bytes.isEmpty else { return }
    files[request.file]?.durable = file.bytes.count
    if models[request.upload]?.writer == client, models[request.upload]?.isThere == true,
      (models[request.upload]?.bytes.count ?? 0) < request.start + file.bytes.count
    {
      models[request.upload]?.bytes.replaceSubrange(request.start..., with: file.bytes)
      touch(request.upload)
    }
    guard let old = uploads[request.upload] else { return }
    let segment = UploadSegment(
      upload: request.upload, start: request.start, bytes: file.bytes.count, file: request.file, sha256: "")
    guard case .applied(let new) = lifecycle.append(old, segment, epoch: request.epoch, now: now), new != old else {
      return
    }
    uploads[request.upload] = new
    segments[request.upload, default: []].removeAll { $0.start == segment.start }
    segments[request.upload, default: []].append(segment)
  }

  /// Requests end, and what wasn't durable is gone, or is anything.
  private mutating func kill() {
    requests = [:]
    for id in models.keys { models[id]?.writer = nil }
    for (name, file) in files {
      let garbage = (0..<Int.random(in: 0...3, using: &random)).map { _ in
        UInt8.random(in: .min ... .max, using: &random)
      }
      files[name]?.bytes = Array(file.bytes.prefix(file.durable)) + garbage
    }
  }

  private func lists(with id: String) -> [String] {
    models.filter { $0.value.isThere && $0.value.parts?.contains(id) == true }.map(\.key)
  }

  private mutating func delete() {
    // What lists have goes with the last of them, which is the stores' part.
    guard let id = pick(), lists(with: id).isEmpty, let old = uploads[id] else { return }
    uploads[id] = lifecycle.delete(old)
    segments[id] = []
    models[id] = nil
    if models[id] == nil { models.removeValue(forKey: id) }
  }

  private mutating func expire() {
    for (id, model) in models where model.isThere && lists(with: id).isEmpty {
      guard let upload = uploads[id] else { continue }
      let isDue = lifecycle.expiry(of: upload) <= now
      assert(isDue == (model.touched + Int64(UploadWorld.expiry) <= now.milliseconds), id)
      guard isDue else { continue }
      uploads[id]?.expiredAt = now
      uploads[id]?.epoch += 1
      segments[id] = []
      models.removeValue(forKey: id)
    }
  }

  /// A list is as young as the youngest of its parts.
  private mutating func touch(_ id: String) {
    models[id]?.touched = now.milliseconds
    for list in lists(with: id) {
      models[list]?.touched = now.milliseconds
      uploads[list]?.touchedAt = now
    }
  }

  /// What the journal says that the model doesn't, or the other way round.
  func difference() -> String? {
    for (id, model) in models where model.parts == nil {
      guard let upload = uploads[id] else { return "\(id) isn't there" }
      if upload.received != model.bytes.count { return "\(id) is at \(upload.received), not \(model.bytes.count)" }
      if upload.length != model.length { return "\(id) has the length \(upload.length ?? -1)" }
      if upload.isComplete != (model.length == model.bytes.count) { return "\(id) is complete: \(upload.isComplete)" }
      if content(id) != model.bytes { return "\(id) has other bytes" }
    }
    for (id, model) in models {
      guard let parts = model.parts, parts.allSatisfy({ models[$0] != nil }) else { continue }
      let expected = parts.flatMap { models[$0]?.bytes ?? [] }
      if parts.flatMap(content) != expected { return "the list \(id) has other bytes" }
    }
    return nil
  }

  private func content(_ id: String) -> [UInt8] {
    var bytes: [UInt8] = []
    for segment in (segments[id] ?? []).sorted(by: { $0.start < $1.start }) {
      guard segment.start == bytes.count else { return [0, 0, 0] }
      bytes += files[segment.file]?.bytes.prefix(segment.bytes) ?? []
    }
    return bytes
  }
}
