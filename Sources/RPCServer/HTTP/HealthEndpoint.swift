import HTTPTypes
import HummingbirdCore
import JobQueue
import Storage
import Synchronization
import TallySchema

/// The health checks: alive, ready, and the replaced application's `/up` and `/up/databases`.
struct HealthEndpoint: Sendable {
  let store: any JobStore
  let outputs: any OutputStorage
  let isDraining: DrainFlag
  let files: FileWork
  private let lastProbe = LastProbe()
  private let folderProbe = FolderProbe()

  init(store: any JobStore, outputs: any OutputStorage, isDraining: DrainFlag, files: FileWork) {
    self.files = files
    self.store = store
    self.outputs = outputs
    self.isDraining = isDraining
  }

  /// The process answers.
  var alive: Response { HTTPAnswers.text("") }

  /// The store answers.
  func databases() async -> Response { answer(await storeProblem(), well: "") }

  /// New calls are welcome, and jobs would run.
  func ready() async -> Response {
    if isDraining.isSet { return answer("the server stops", well: "") }
    if let problem = await folderProblem() { return answer(problem, well: "") }
    return answer(await storeProblem(), well: "ready\n")
  }

  private func answer(_ problem: String?, well: String) -> Response {
    problem.map { HTTPAnswers.text("\($0)\n", status: .serviceUnavailable) } ?? HTTPAnswers.text(well)
  }

  /// What is wrong with the data folder; nil: nothing.
  private func folderProblem() async -> String? {
    if folderProbe.isSilent { return HealthEndpoint.silentFolder }
    let found = try? await files.run(atMostMilliseconds: FolderProbe.milliseconds) { [outputs, folderProbe] _ in
      folderProbe.look {
        do throws(JobFailure) {
          try outputs.checkInPlace()
          return Finding(problem: nil)
        } catch {
          return Finding(problem: error.message)
        }
      }
    }
    guard let finding = found ?? nil else { return HealthEndpoint.silentFolder }
    return finding.problem
  }

  private static let silentFolder = "the data folder doesn't answer"

  private struct Finding: Sendable { var problem: String? }

  /// One look at the data folder at a time: one that doesn't answer keeps one thread, not one for each probe.
  private final class FolderProbe: Sendable {
    /// For a look.
    static let milliseconds = 1_000

    private let state = Mutex<(begun: ContinuousClock.Instant?, last: Finding)>((nil, Finding()))

    /// A look is under way, and has taken too long.
    var isSilent: Bool {
      state.withLock { state in state.begun.map { .now - $0 > .milliseconds(FolderProbe.milliseconds) } ?? false }
    }

    /// - Returns: what the body has found; while another look is under way, what the one before has.
    func look(_ body: () -> Finding) -> Finding {
      let other: Finding? = state.withLock { state in
        if state.begun != nil { return state.last }
        state.begun = .now
        return nil
      }
      if let other { return other }
      let finding = body()
      state.withLock { $0 = (nil, finding) }
      return finding
    }
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
