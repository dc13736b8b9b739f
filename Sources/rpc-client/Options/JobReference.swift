#if Server
  import ArgumentParser
  import RPCClient
  import Schema

  /// A job as a command line names it: its ID, or a beginning of it that no other job's ID has.
  struct JobReference: ParsableArguments {
    @Argument(help: "The job's ID, or enough of its beginning.", completion: Completions.jobs) var job: String

    /// - Throws: ``RPCError`` NOT_FOUND, or INVALID_ARGUMENT when several jobs' IDs begin so.
    func resolve(_ client: TallyClient) async throws -> String { try await JobReference.resolve(job, client) }

    static func resolve(_ job: String, _ client: TallyClient) async throws -> String {
      if job.count >= 36 { return job }
      var found: [String] = []
      var page = JobPage(jobs: [], nextPageToken: nil)
      repeat {
        page = try await client.call(Jobs.list, ListParameters(pageSize: 1_000, pageToken: page.nextPageToken))
        found += page.jobs.map(\.jobID).filter { $0.hasPrefix(job) }
      } while page.nextPageToken != nil && found.count < 2
      switch found.count {
      case 1: return found[0]
      case 0: throw RPCError(.notFound, reason: "JOB_NOT_FOUND", "No job's ID begins with '\(job)'.")
      default:
        throw RPCError(
          .invalidArgument, reason: "AMBIGUOUS_ID",
          "Several jobs' IDs begin with '\(job)', such as \(found[0]) and \(found[1]). Give more of it.")
      }
    }
  }

  /// One job or several.
  struct JobReferences: ParsableArguments {
    @Argument(help: "The jobs' IDs, or enough of their beginnings.", completion: Completions.jobs) var jobs: [String]

    /// Each of them once.
    func resolve(_ client: TallyClient) async throws -> [String] {
      var found: [String] = []
      for job in jobs {
        let id = try await JobReference.resolve(job, client)
        if !found.contains(id) { found.append(id) }
      }
      return found
    }

    func validate() throws {
      if jobs.count > Limits.standard.pageSize {
        throw ValidationError("At most \(Limits.standard.pageSize) jobs can be followed at once.")
      }
    }
  }
#endif
