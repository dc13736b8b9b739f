import HTTPTypes
import HummingbirdCore
import JobQueue
import Schema
import Synchronization

/// The health checks: alive, ready, and the replaced application's `/up` and `/up/databases`.
struct HealthEndpoint: Sendable {
  let store: any JobStore
  let isDraining: DrainFlag

  /// The process answers.
  var alive: Response { HTTPAnswers.text("") }

  /// The store answers.
  func databases() async -> Response {
    await isStoreUp ? HTTPAnswers.text("") : HTTPAnswers.text("the store doesn't answer\n", status: .serviceUnavailable)
  }

  /// New calls are welcome.
  func ready() async -> Response {
    if isDraining.isSet { return HTTPAnswers.text("the server stops\n", status: .serviceUnavailable) }
    return await isStoreUp
      ? HTTPAnswers.text("ready\n") : HTTPAnswers.text("the store doesn't answer\n", status: .serviceUnavailable)
  }

  private var isStoreUp: Bool {
    get async { (try? await store.check()) != nil }
  }
}

/// Set once the server has been asked to stop.
final class DrainFlag: Sendable {
  private let flag = Atomic(false)
  var isSet: Bool { flag.load(ordering: .relaxed) }
  func set() { flag.store(true, ordering: .relaxed) }
}
