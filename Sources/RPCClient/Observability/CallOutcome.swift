import TallySchema

/// How a call has ended, as logs and metrics name it.
enum CallOutcome {
  static func name(of error: any Error) -> String {
    switch error {
    case let error as RPCClientError: error.status.name
    case is CancellationError: RPCStatus.cancelled.name
    default: RPCStatus.unknown.name
    }
  }
}
