import RPCClient
import TallySchema

try await TallyClient.withClient(server: "http://127.0.0.1:8000") { client in
  let spec = JobSpec(input: "plays.csv", output: "sums.csv")
  let job = try await client.call(Jobs.submit, SubmitParameters(spec: spec, idempotencyKey: "2026-01-31"))
  print(job.jobID, job.state)
}
