import RPCClient
import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Calls of `getStatus`, so many of them in flight, by one client; then streams of one job, all open at the same time. Prints a
/// JSON object a line: calls a second, threads and open files before, at the most, and afterwards.
///
/// Usage: `client-load SERVER JOB CALLS IN-FLIGHT STREAMS`. The job is one that waits: it is cancelled once all streams are
/// open, and so each of them ends with its result.
@main
enum ClientLoad {
  static func main() async throws {
    let words = CommandLine.arguments.dropFirst()
    guard words.count == 5, let calls = Int(words[3]), let inFlight = Int(words[4]), let streams = Int(words[5]) else {
      print("usage: client-load SERVER JOB CALLS IN-FLIGHT STREAMS")
      exit(64)
    }
    // What the runtime itself opens, once, isn't the client's.
    try await TallyClient.withClient(server: words[1]) { client in
      _ = try await client.call(Jobs.status, JobParameters(jobID: words[2]))
      try await Task.sleep(for: .milliseconds(1))
    }
    let before = openFiles()
    let client = TallyClient(server: words[1])
    if calls > 0 { try await call(client, words[2], calls, inFlight) }
    if streams > 0 { try await stream(client, words[2], streams) }
    await client.shutdown()
    show([
      "openFilesBefore": .number(before), "openFilesAfterwards": .number(openFiles()),
      "threadsAfterwards": .number(threads()),
    ])
  }

  private static func call(_ client: TallyClient, _ job: String, _ calls: Int, _ inFlight: Int) async throws {
    let parameters = JobParameters(jobID: job)
    _ = try await client.call(Jobs.status, parameters)
    let start = ContinuousClock.now
    var most = 0
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<calls {
        if number >= inFlight { try await group.next() }
        if number % 1_000 == 0 { most = max(most, threads()) }
        group.addTask { _ = try await client.call(Jobs.status, parameters) }
      }
      try await group.waitForAll()
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    show([
      "calls": .number(calls), "inFlight": .number(inFlight), "callsPerSecond": .number(Int(Double(calls) / seconds)),
      "threads": .number(most), "openFiles": .number(openFiles()),
    ])
  }

  private static func stream(_ client: TallyClient, _ job: String, _ count: Int) async throws {
    let start = ContinuousClock.now
    let (opened, open) = AsyncStream.makeStream(of: Void.self)
    try await withThrowingTaskGroup(of: JobState?.self) { group in
      for _ in 0..<count {
        group.addTask {
          var state: JobState?
          var isFirst = true
          for try await item in client.stream(Jobs.progress, ProgressParameters(jobID: job)) {
            if isFirst { open.yield() }
            isFirst = false
            if case .result(let status) = item { state = status.state }
          }
          return state
        }
      }
      var left = count
      for await _ in opened {
        left -= 1
        if left == 0 { break }
      }
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      show([
        "streams": .number(count), "secondsUntilOpen": .number("\((seconds * 1_000).rounded() / 1_000)"),
        "threads": .number(threads()), "openFiles": .number(openFiles()),
      ])
      _ = try await client.call(Jobs.cancel, JobParameters(jobID: job))
      var results = 0
      while let state = try await group.next() { if state == .cancelled { results += 1 } }
      show(["streamsWithTheirResult": .number(results)])
    }
  }

  private static func show(_ members: KeyValuePairs<String, JSONValue>) {
    print(JSONValue.object(members.map { JSONMember($0.key, $0.value) }).text)
  }

  private static func openFiles() -> Int { entries("/proc/self/fd") }
  private static func threads() -> Int { entries("/proc/self/task") }

  /// 0 where the system has no such folder.
  private static func entries(_ path: String) -> Int {
    guard let folder = opendir(path) else { return 0 }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }
    return count - 2
  }
}
