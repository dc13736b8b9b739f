import JobQueue
import Schema

extension JobMethods {
  /// `watchJobs`: the events of several jobs, their ends among them; the response when all have ended.
  ///
  /// A stream that is opened again begins with a snapshot of each job: its cursors are the jobs' own.
  func watch(
    _ parameters: WatchParameters, _ context: RPCContext, _ writer: any RPCEventWriter
  ) async throws -> (JobPage, cursor: String?) {
    var jobs: [JobRecord] = []
    for id in parameters.jobIDs { jobs.append(try await find(id, for: context)) }
    let wait = context.delivery == .single ? min(parameters.waitMilliseconds ?? 0, limits.deadlineMilliseconds) : nil
    let statuses = try await withWatched(jobs[...], LatestMoments(jobs), context, writer, atMostMilliseconds: wait)
    return (JobPage(jobs: parameters.jobIDs.compactMap { statuses[$0] }), cursor: nil)
  }

  private func withWatched(
    _ jobs: ArraySlice<JobRecord>, _ latest: LatestMoments, _ context: RPCContext, _ writer: any RPCEventWriter,
    atMostMilliseconds: Int?
  ) async throws -> [String: JobStatus] {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      defer { group.cancelAll() }
      for job in jobs {
        group.addTask {
          try await watchOne(job, latest, context, writer)
          return true
        }
      }
      if let atMostMilliseconds {
        group.addTask {
          try await Task.sleep(for: .milliseconds(atMostMilliseconds))
          return false
        }
      }
      var left = jobs.count
      while left > 0, try await group.next() == true { left -= 1 }
      return latest.statuses
    }
  }

  private func watchOne(
    _ job: JobRecord, _ latest: LatestMoments, _ context: RPCContext, _ writer: any RPCEventWriter
  ) async throws {
    try await hub.withSubscription(to: job.id, after: job.cursor) { subscription in
      let now = try await find(job.id, for: context)
      var moment = JobMoment(now)
      latest.set(moment)
      try await writer.write(
        JobUpdate(kind: .progress, event: JobEvent(cursor: now.cursor, status: now.status)).rpcEvent)
      while !moment.isSettled {
        let update = try await subscription.next()
        guard update.cursor > moment.cursor else { continue }
        moment = JobMoment(update)
        latest.set(moment)
        try await writer.write(update.rpcEvent)
      }
    }
  }
}
