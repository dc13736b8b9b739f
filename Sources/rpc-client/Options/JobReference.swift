#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  /// A job as a command line names it: its ID, a beginning or an end of it that no other job's ID has, or `last`.
  struct JobReference: ParsableArguments {
    @Argument(help: JobName.help, completion: Completions.jobs) var job: String

    /// - Throws: ``RPCError`` NOT_FOUND, or INVALID_ARGUMENT when several jobs' IDs begin or end so.
    func resolve(_ client: TallyClient) async throws -> String { try await JobName.resolve(job, client) }

    func validate() throws { if let problem = JobName.problem(job) { throw ValidationError(problem) } }
  }

  /// One job or several.
  struct JobReferences: ParsableArguments {
    @Argument(help: JobName.help, completion: Completions.jobs) var jobs: [String]

    /// Each of them once.
    func resolve(_ client: TallyClient) async throws -> [String] {
      var found: [String] = []
      for job in jobs {
        let id = try await JobName.resolve(job, client)
        if !found.containsBytes(of: id) { found.append(id) }
      }
      return found
    }

    func validate() throws {
      if jobs.count > Limits.standard.pageSize {
        throw ValidationError("At most \(Limits.standard.pageSize) jobs can be followed at once.")
      }
      for job in jobs { if let problem = JobName.problem(job) { throw ValidationError(problem) } }
    }
  }

  enum JobName {
    static let help: ArgumentHelp =
      "The job's ID, or 4 or more characters of its beginning or end, as `list` shows it; last: the newest job."
    static let leastCharacters = 4
    /// A UUID has as many, and needn't be looked for.
    private static let wholeCharacters = 36

    /// What is wrong with the name, as a sentence; nil: nothing.
    static func problem(_ name: String) -> String? {
      let part = part(name)
      if part.isEmpty { return "A job's ID is needed, not an empty text." }
      if part == "last" || part.utf8.count >= leastCharacters { return nil }
      return "'\(name)' is too short for a job's ID: give \(leastCharacters) or more characters of it, or 'last'."
    }

    /// Without the white space around it, and without the … that a table has put in the place of what it has cut.
    private static func part(_ name: String) -> String {
      var scalars = Substring(name).unicodeScalars
      func isAround(_ scalar: Unicode.Scalar?) -> Bool {
        scalar.map { " \t\r\n…".unicodeScalars.contains($0) } ?? false
      }
      while isAround(scalars.first) { scalars.removeFirst() }
      while isAround(scalars.last) { scalars.removeLast() }
      return String(scalars)
    }

    static func resolve(_ name: String, _ client: TallyClient) async throws -> String {
      let part = part(name)
      if part == "last" { return try await newest(client) }
      if part.utf8.count >= wholeCharacters { return part }
      var found: [String] = []
      try await Pages.follow { token in
        let page = try await client.call(Jobs.list, ListParameters(unnamed: true, pageSize: 1_000, pageToken: token))
        found += page.jobs.map(\.jobID).filter {
          $0.beginsWithBytes(of: part) || $0.utf8.suffix(part.utf8.count).elementsEqual(part.utf8)
        }
        return found.count < 2 ? (page.jobs.count, page.nextPageToken) : (page.jobs.count, nil)
      }
      switch found.count {
      case 1: return found[0]
      case 0:
        throw RPCError(.notFound, reason: "JOB_NOT_FOUND", "No job's ID begins or ends with '\(Excerpt.of(part))'.")
      default:
        throw RPCError(
          .invalidArgument, reason: "AMBIGUOUS_ID",
          "Several jobs' IDs begin or end with '\(part)', such as \(found[0]) and \(found[1]). Give more of it.")
      }
    }

    private static func newest(_ client: TallyClient) async throws -> String {
      guard let job = try await client.call(Jobs.list, ListParameters(unnamed: true, pageSize: 1)).jobs.first else {
        throw RPCError(.notFound, reason: "JOB_NOT_FOUND", "There is no job yet, so 'last' names none.")
      }
      return job.jobID
    }
  }
#endif
