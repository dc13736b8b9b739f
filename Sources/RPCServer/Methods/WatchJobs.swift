import JobQueue
import TallySchema

extension JobMethods {
  /// `watchJobs`: the events of several jobs, their ends among them; the response when all have ended or been deleted. IDs of
  /// no job don't end the watch on the others: the response names them.
  ///
  /// A stream that is opened again begins with a snapshot of each job: its cursors are the jobs' own.
  func watch(
    _ parameters: WatchParameters, _ context: RPCContext, _ writer: any RPCEventWriter
  ) async throws -> (JobPage, cursor: String?) {
    let jobs = try await findAny(parameters.jobIDs, for: context)
    let wait = context.delivery == .single ? min(parameters.waitMilliseconds ?? 0, limits.deadlineMilliseconds) : nil
    let latest = LatestMoments(jobs)
    try await followAll(jobs, latest, context, writer, atMostMilliseconds: wait)
    let moments = latest.moments
    let missing = parameters.jobIDs.filter { moments[UTF8Key($0)] == nil }
    let page = JobPage(
      jobs: parameters.jobIDs.compactMap { moments[UTF8Key($0)]?.status }, missing: missing.isEmpty ? nil : missing)
    return (page, cursor: JobMethods.finalCursor(parameters.jobIDs, moments))
  }

  /// What a watch begins with: nothing where the caller has received its final response, and nothing has happened since.
  func open(_ parameters: WatchParameters, _ context: RPCContext) async throws -> StreamOpening {
    let jobs = try await findAny(parameters.jobIDs, for: context)
    try hub.checkRoom(for: jobs.count)
    guard let last = context.lastEventID, jobs.allSatisfy({ $0.shownState.isFinal }) else { return .messages }
    return last.hasSameBytes(as: JobMethods.finalCursor(parameters.jobIDs, LatestMoments(jobs).moments))
      ? .over : .messages
  }

  /// The caller's jobs of these IDs.
  ///
  /// - Throws: ``RPCError`` NOT_FOUND when none of them is there.
  private func findAny(_ ids: [String], for context: RPCContext) async throws -> [JobRecord] {
    var jobs: [JobRecord] = []
    for id in ids { if let job = try await store.job(id, of: context.owner) { jobs.append(job) } }
    if jobs.isEmpty { throw JobMethods.notFound(ids[0], field: "jobIds") }
    return jobs
  }

  /// The cursor of a watch's final response: it follows from the jobs and where each has ended, so that a watch that is opened
  /// after it is over, unless a job has been retried.
  private static func finalCursor(_ ids: [String], _ moments: [UTF8Key: JobMoment]) -> String {
    let ends = ids.map { moments[UTF8Key($0)]?.cursor.description ?? "-" }
    return "watch-\(String(FNV1a.hash(ends.joined(separator: " ")), radix: 16)).0.\(ids.count)"
  }

  private func followAll(
    _ jobs: [JobRecord], _ latest: LatestMoments, _ context: RPCContext, _ writer: any RPCEventWriter,
    atMostMilliseconds: Int?
  ) async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      defer { group.cancelAll() }
      for job in jobs {
        group.addTask {
          try await followOne(job, latest, context, writer)
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
    }
  }

  private func followOne(
    _ job: JobRecord, _ latest: LatestMoments, _ context: RPCContext, _ writer: any RPCEventWriter
  ) async throws {
    do {
      try await hub.withSubscription(to: job.id, after: job.cursor) { subscription in
        let now = try await find(job.id, for: context)
        var moment = JobMoment(now)
        latest.set(moment)
        try await writer.write(
          JobUpdate(kind: .progress, event: JobEvent(cursor: now.cursor, status: now.status)).rpcEvent)
        while !moment.status.state.isFinal {
          let update = try await subscription.next()
          guard update.cursor > moment.cursor else { continue }
          moment = JobMoment(update)
          latest.set(moment)
          try await writer.write(update.rpcEvent)
        }
      }
    } catch let error as RPCError where error.status == .notFound {
      // Deleted meanwhile: the others go on.
      latest.remove(job.id)
    }
  }
}
