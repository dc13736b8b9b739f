import HTTPTypes
import HummingbirdCore
import JobQueue
import Synchronization
import TallySchema

/// The health checks: alive, ready, and the replaced application's `/up` and `/up/databases`.
struct HealthEndpoint: Sendable {
  let store: any JobStore
  let folder: DataFolder
  let isDraining: DrainFlag
  let files: FileWork
  private let lastProbe = LastProbe()

  init(store: any JobStore, folder: DataFolder, isDraining: DrainFlag, files: FileWork) {
    self.files = files
    self.store = store
    self.folder = folder
    self.isDraining = isDraining
  }

  /// The process answers.
  var alive: Response { HTTPAnswers.text("") }

  /// The store answers.
  func databases() async -> Response { answer(await storeProblem(), well: "") }

  /// New calls are welcome, and jobs would run.
  func ready() async -> Response {
    if isDraining.isSet { return answer("the server stops", well: "") }
    do {
      try await files.run { _ in try folder.checkInPlace() }
    } catch {
      return answer((error as? JobFailure)?.message ?? "the data folder doesn't answer", well: "")
    }
    return answer(await storeProblem(), well: "ready\n")
  }

  private func answer(_ problem: String?, well: String) -> Response {
    problem.map { HTTPAnswers.text("\($0)\n", status: .serviceUnavailable) } ?? HTTPAnswers.text(well)
  }

  /// Why the store can't take jobs; nil: it can.
  private func storeProblem() async -> String? {
    if let known = lastProbe.recent { return known.problem }
    let problem: String?
    do {
      try await store.check()
      problem = nil
    } catch let error as StoreUnavailable {
      // The database's address isn't everybody's business.
      problem = "the store doesn't answer, or can't be written (\(error.reason))"
    } catch {
      problem = "the store doesn't answer"
    }
    lastProbe.set(problem)
    return problem
  }

  /// What a check has found a moment ago: one that writes costs the disk a sync, and probes come from everywhere.
  private final class LastProbe: Sendable {
    private static let age = Duration.seconds(1)
    private let state = Mutex<(at: ContinuousClock.Instant, problem: String?)?>(nil)

    var recent: (problem: String?, Void)? {
      state.withLock { last in last.flatMap { .now - $0.at < LastProbe.age ? ($0.problem, ()) : nil } }
    }

    func set(_ problem: String?) { state.withLock { $0 = (.now, problem) } }
  }
}

/// Set once the server has been asked to stop.
final class DrainFlag: Sendable {
  private let flag = Atomic(false)
  var isSet: Bool { flag.load(ordering: .relaxed) }
  func set() { flag.store(true, ordering: .relaxed) }
}
