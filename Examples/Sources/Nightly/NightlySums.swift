public import RPCClient
import TallySchema

/// The sums of a night: a job for every input whose name begins with a prefix, all at the same time, followed on one connection.
public struct NightlySums: Sendable {
  private let client: TallyClient
  private let prefix: String
  /// Of the night: a second run of the same night submits nothing anew.
  private let night: String

  public init(client: TallyClient, prefix: String, night: String) {
    (self.client, self.prefix, self.night) = (client, prefix, night)
  }

  /// What became of an input: the first line of its answer, or why there is none.
  public struct Outcome: Hashable, Sendable {
    public var input: String
    public var text: String
    public var isGood: Bool

    public init(input: String, text: String, isGood: Bool) {
      (self.input, self.text, self.isGood) = (input, text, isGood)
    }
  }

  /// - Throws: `RPCClientError` when the server can't be asked at all; what is wrong with one input stands in its outcome.
  public func run() async throws -> [Outcome] {
    var jobs: [String] = []
    var outcomes: [Outcome] = []
    for input in try await inputs() {
      do {
        jobs.append(try await submit(input))
      } catch RPCClientError.remote(let error) {
        outcomes.append(Outcome(input: input, text: error.message, isGood: false))
      }
    }
    if jobs.isEmpty { return outcomes }
    for try await item in client.stream(Jobs.watch, WatchParameters(jobIDs: jobs)) {
      guard case .result(let page) = item else { continue }
      for status in page.jobs { outcomes.append(try await outcome(status)) }
    }
    return outcomes.sorted { $0.input < $1.input }
  }

  private func inputs() async throws -> [String] {
    var names: [String] = []
    var token: String?
    repeat {
      let page = try await client.call(Jobs.inputs, ListInputsParameters(prefix: prefix, pageToken: token))
      names += page.inputs.map(\.name)
      token = page.nextPageToken
    } while token != nil
    return names
  }

  private func submit(_ input: String) async throws -> String {
    let spec = JobSpec(input: input, output: "sums-\(night)-\(input)")
    let parameters = SubmitParameters(spec: spec, idempotencyKey: "\(night) \(input)")
    return try await client.call(Jobs.submit, parameters).jobID
  }

  private func outcome(_ status: JobStatus) async throws -> Outcome {
    guard let result = status.result else {
      return Outcome(input: status.input, text: status.error?.message ?? status.state.rawValue, isGood: false)
    }
    var bytes: [UInt8] = []
    try await client.download(result.url) { bytes += $0 }
    let header = bytes.prefix { $0 != UInt8(ascii: "\n") }
    return Outcome(
      input: status.input, text: "\(result.rows) rows: \(String(decoding: header, as: UTF8.self))", isGood: true)
  }
}
