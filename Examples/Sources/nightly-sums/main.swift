import Nightly
import RPCClient

// Usage: nightly-sums SERVER PREFIX NIGHT
let words = CommandLine.arguments
guard words.count == 4 else { fatalError("usage: nightly-sums SERVER PREFIX NIGHT") }

let outcomes = try await TallyClient.withClient(server: words[1]) { client in
  try await NightlySums(client: client, prefix: words[2], night: words[3]).run()
}
for outcome in outcomes { print(outcome.isGood ? "good" : "bad", outcome.input, outcome.text) }
