import RPCClient
import TallySchema

try await TallyClient.withClient(server: "http://127.0.0.1:8000") { client in
  let stats = try await client.call(SystemMethods.stats, NoParameters())
  print(stats["version"]?.string ?? "")
}
