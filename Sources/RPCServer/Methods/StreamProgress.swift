import JobQueue
import TallySchema

extension JobMethods {
  /// `streamProgress`: events until the job has ended, then its status; without a stream, a long poll for the end.
  func progress(
    _ parameters: ProgressParameters, _ context: RPCContext, _ writer: any RPCEventWriter
  ) async throws -> (JobStatus, cursor: String?) {
    let job = try await find(parameters.jobID, for: context)
    return try await hub.withSubscription(to: job.id, after: job.cursor) { subscription in
      // Read again: everything after this is delivered, everything before it is in it.
      let now = JobMoment(try await find(job.id, for: context))
      switch context.delivery {
      case .single:
        let wait = min(parameters.waitMilliseconds ?? 0, limits.deadlineMilliseconds)
        let last = try await follow(subscription, from: now, atMostMilliseconds: wait) { $0.status.state.isFinal }
        return (last.status, last.cursor.description)
      case .stream:
        try await catchUp(now, after: resumption(parameters, context), writer)
        let ended = try await follow(subscription, from: now, writer) { $0.status.state.isFinal }
        return (ended.status, ended.cursor.description)
      }
    }
  }

  /// What a stream of the job's progress begins with: nothing where the caller's cursor is that of the final response.
  func open(_ parameters: ProgressParameters, _ context: RPCContext) async throws -> StreamOpening {
    let job = try await find(parameters.jobID, for: context)
    try hub.checkRoom(for: 1)
    guard case .after(let cursor) = resumption(parameters, context) else { return .messages }
    return job.shownState.isFinal && cursor == job.cursor ? .over : .messages
  }

  private enum Resumption {
    case fromStart
    case after(JobCursor)
    /// A cursor that nobody has given out.
    case unknown
  }

  private func resumption(_ parameters: ProgressParameters, _ context: RPCContext) -> Resumption {
    if let text = context.lastEventID, !text.isEmpty { return JobCursor(text).map { .after($0) } ?? .unknown }
    return parameters.after.map { .after($0) } ?? .fromStart
  }

  /// Writes what a subscriber has missed: the state changes after its cursor, or a snapshot.
  private func catchUp(_ now: JobMoment, after place: Resumption, _ writer: any RPCEventWriter) async throws {
    var snapshot = JobUpdate(kind: .progress, event: JobEvent(cursor: now.cursor, status: now.status))
    switch place {
    case .fromStart: break
    case .after(let cursor) where cursor.jobID == now.cursor.jobID && cursor <= now.cursor:
      var last = cursor
      for event in try await store.events(of: cursor.jobID, after: cursor)
      where event.cursor <= now.cursor && !event.status.state.isFinal {
        try await writer.write(JobUpdate(kind: .state, event: event).rpcEvent)
        last = event.cursor
      }
      if last == now.cursor { return }
    case .after, .unknown: snapshot.hasGap = true
    }
    if !now.status.state.isFinal { try await writer.write(snapshot.rpcEvent) }
  }

  /// Follows a job until a condition holds, or, where there is one, until the time is over.
  private func follow(
    _ subscription: ProgressSubscription, from start: JobMoment, _ writer: any RPCEventWriter = NoEventWriter(),
    atMostMilliseconds: Int? = nil, until condition: @escaping @Sendable (JobMoment) -> Bool
  ) async throws -> JobMoment {
    if condition(start) || atMostMilliseconds == 0 { return start }
    return try await withThrowingTaskGroup(of: JobMoment?.self) { group in
      let latest = LatestMoment(start)
      group.addTask {
        while true {
          let update = try await subscription.next()
          let moment = JobMoment(update)
          guard latest.advance(to: moment) else { continue }
          if condition(moment) { return moment }
          if !moment.status.state.isFinal { try await writer.write(update.rpcEvent) }
        }
      }
      if let atMostMilliseconds {
        group.addTask {
          try await Task.sleep(for: .milliseconds(atMostMilliseconds))
          return nil
        }
      }
      defer { group.cancelAll() }
      return try await group.next().flatMap { $0 } ?? latest.moment
    }
  }
}
