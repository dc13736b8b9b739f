import RPCClient
import TallySchema

try await TallyClient.withClient(server: "http://127.0.0.1:8000") { client in
  let spec = JobSpec(input: "plays.csv", output: "sums.csv")
  let job = try await client.call(Jobs.submit, SubmitParameters(spec: spec, idempotencyKey: "2026-01-31"))
  for try await item in client.stream(Jobs.progress, ProgressParameters(jobID: job.jobID)) {
    guard case .result(let status) = item, let result = status.result else { continue }
    try await client.download(result.url) { bytes in print(String(decoding: bytes, as: UTF8.self), terminator: "") }
  }
}
