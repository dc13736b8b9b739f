import Foundation
import JobQueue
import JobQueueSQLite
import Storage
import StorageLocal
import TallySchema
import TestSupport
import Testing

@testable import JobRunner

/// The publishing protocol on real files and a real store: whatever dies at whatever step, the visible name shows one
/// whole result, the newest.
@Suite struct PublishingTests {
  private let place: TestFolder
  private let store: SQLiteJobStore
  private let folder: DataFolder
  private let publisher: OutputPublisher

  init() throws {
    place = try TestFolder()
    store = try SQLiteJobStore(path: place.path + "/tally.sqlite", owner: "test")
    folder = try DataFolder(path: place.path + "/data", storeUUID: store.uuid)
    publisher = OutputPublisher(storage: folder, store: store)
  }

  /// Runs a job to its commit: the result is on disk and decided, and not shown yet.
  private func committed(
    _ text: String, output: String = "out.csv", rejects: String? = nil
  ) async throws -> JobRecord {
    let policy: JobSpec.BadRowPolicy = rejects == nil ? .fail : .collect
    _ = try await store.submit(
      JobSubmission(owner: "a", spec: JobSpec(input: "in.csv", output: output, onBadRow: policy)))
    let job = try #require(try await store.claim(worker: "w", offer: .unlimited))
    let name = try folder.makeResultName(job: job.id, epoch: job.epoch)
    _ = try place.write(Array(text.utf8), as: "data/" + name)
    if let rejects { _ = try place.write(Array(rejects.utf8), as: "data/" + name + ".rejects") }
    let result = SealedResult(file: name, bytes: text.utf8.count, rows: 1, sha256: "")
    _ = try await store.commit(job.id, epoch: job.epoch, result: result, progress: JobProgress())
    return try await job_(job.id)
  }

  private func job_(_ id: String) async throws -> JobRecord { try #require(try await store.job(id)) }
  private func visible(_ name: String = "out.csv") throws -> String {
    String(decoding: try place.read("data/" + name), as: UTF8.self)
  }
  private func left(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: self.folder.path + "/.tally/" + folder)
  }

  @Test func theVisibleNameIsTheResultsOwnFile() async throws {
    let job = try await committed("one")
    await publisher.publish(output: "out.csv")
    #expect(try visible() == "one")
    let now = try await job_(job.id)
    #expect(now.publication == .published)
    let names = [folder.path + "/out.csv", folder.path + "/" + (try #require(now.result).file)]
    let inodes = try names.map { try FileManager.default.attributesOfItem(atPath: $0)[.systemFileNumber] as? Int }
    #expect(inodes[0] == inodes[1])
    #expect(try left(in: "publish").isEmpty)
  }

  @Test func rejectedRowsAreShownBesideTheOutputAndGoWithIt() async throws {
    let job = try await committed("one", rejects: "bad")
    #expect(try await Janitor(storage: folder, store: store).sweep() == 0)
    await publisher.publish(output: "out.csv")
    #expect(try visible() == "one" && visible("out.csv.rejects.csv") == "bad")
    let now = try await job_(job.id)
    #expect(now.status.result?.rejects == "out.csv.rejects.csv")
    try await OutputRemover(storage: folder, store: store).delete(now)
    #expect(place.names(in: "data") == [])
    #expect(try await Janitor(storage: folder, store: store).sweep() == 0)
    #expect(try left(in: "results").isEmpty)
  }

  @Test func publishingMayBeRepeated() async throws {
    _ = try await committed("one")
    for _ in 0..<3 { await publisher.publish(output: "out.csv") }
    #expect(try visible() == "one")
    #expect(try left(in: "publish").isEmpty)
  }

  @Test func aNewResultReplacesTheOld() async throws {
    _ = try await committed("one")
    await publisher.publish(output: "out.csv")
    _ = try await committed("two")
    #expect(try visible() == "one", "until it is published, the old one stays")
    await publisher.publish(output: "out.csv")
    #expect(try visible() == "two")
  }

  /// The process died after the link, or after the rename, or before the mark.
  @Test(arguments: ["link", "rename"]) func recoveryFinishesWhatADeathInterrupted(step: String) async throws {
    let job = try await committed("one")
    let result = folder.path + "/" + (try #require(job.result).file)
    let temporary = folder.path + "/.tally/publish/\(job.id)-\(job.epoch)"
    try FileManager.default.linkItem(atPath: result, toPath: temporary)
    if step == "rename" { #expect(rename(temporary, folder.path + "/out.csv") == 0) }
    await publisher.recover()
    #expect(try visible() == "one")
    #expect(try await job_(job.id).publication == .published)
    #expect(try left(in: "publish").isEmpty)
  }

  @Test func aFolderOfThatNameIsSaidInTheStatusAndTheResultStays() async throws {
    let job = try await committed("one")
    try FileManager.default.createDirectory(atPath: folder.path + "/out.csv", withIntermediateDirectories: true)
    await publisher.publish(output: "out.csv")
    let now = try await job_(job.id)
    #expect(now.state == .succeeded && now.publication == .impossible && now.error?.reason == "OUTPUT_NOT_PUBLISHED")
    #expect(try folder.openResult(try #require(now.result?.file)).read(at: 0, bytes: 9) == Array("one".utf8))
    #expect(try left(in: "publish").isEmpty)
  }

  @Test func aHeldLockLeavesItToRecovery() async throws {
    let job = try await committed("one")
    var held = try await folder.hold("out.csv", atMostMilliseconds: 5_000)
    #expect(held != nil)
    let publisher = OutputPublisher(storage: folder, store: store, holdMilliseconds: 40)
    await publisher.publish(output: "out.csv")
    let delayed = try await job_(job.id)
    #expect(delayed.publication == .pending && delayed.error?.reason == "PUBLICATION_DELAYED")
    #expect(throws: (any Error).self, "nothing is shown") { try visible() }
    held = nil
    await publisher.recover()
    let now = try await job_(job.id)
    #expect(try now.publication == .published && now.error == nil && visible() == "one")
  }

  @Test func manyPublishersAtOnceShowTheNewest() async throws {
    for round in 0..<5 {
      _ = try await committed("\(round)")
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<8 { group.addTask { await publisher.publish(output: "out.csv") } }
      }
      #expect(try visible() == "\(round)")
    }
    #expect(try left(in: "publish").isEmpty)
  }

  @Test func theJanitorRemovesWhatNoJobNames() async throws {
    let job = try await committed("one")
    let own = try #require(job.result).file
    let stale = ".tally/results/\(job.id)/0-stale"
    _ = try place.write([0x78], as: "data/" + stale)
    try FileManager.default.createDirectory(
      atPath: folder.path + "/.tally/results/nobody", withIntermediateDirectories: true)
    _ = try place.write([0x78], as: "data/.tally/results/nobody/1-young")
    #expect(try await Janitor(storage: folder, store: store).sweep() == 1)
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/" + stale))
    #expect(FileManager.default.fileExists(atPath: folder.path + "/" + own))
    #expect(FileManager.default.fileExists(atPath: folder.path + "/.tally/results/nobody/1-young"))
    #expect(try await Janitor(storage: folder, store: store, orphanSeconds: -1).sweep() == 1)
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/.tally/results/nobody"))
  }

  /// A running job's file of the current epoch is being written: nobody removes it.
  @Test(arguments: [("3-a", true), ("4-a", false), ("5-a", false), ("x", false)])
  func theJanitorLeavesTheCurrentEpochAlone(file: String, isRemoved: Bool) {
    var job = JobRecord(
      id: "j", owner: "a", spec: JobSpec(input: "i", output: "o"), state: .running, createdAt: .now, readyAt: .now)
    job.epoch = 4
    #expect(Janitor.mayRemove(file, of: job) == isRemoved)
  }
}
