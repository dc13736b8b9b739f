import RPCClient
import TallySchema

try await TallyClient.withClient(server: "http://127.0.0.1:8000") { client in
  let spec = JobSpec(input: "plays.csv", output: "sums.csv")
  let job = try await client.call(Jobs.submit, SubmitParameters(spec: spec, idempotencyKey: "2026-01-31"))
  for try await item in client.stream(Jobs.progress, ProgressParameters(jobID: job.jobID)) {
    switch item {
    case .event(let event): print(event.status.progress.rows, "rows")
    case .result(let status): print(status.state)
    }
  }
}
