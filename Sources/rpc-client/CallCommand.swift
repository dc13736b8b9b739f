#if Server
  import ArgumentParser
  import RPCClient
  import Schema

  struct CallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "call", abstract: "Calls any method and prints its result as JSON.")

    @Argument(help: "The method's name, such as getStatus.") var method: String
    @Argument(help: "The parameters, a JSON object or array.") var parameters: String = "{}"
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      let json: JSONValue
      do {
        json = try JSONValue(parsing: parameters)
      } catch {
        throw ValidationError("The parameters aren't JSON: \(error).")
      }
      let (method, timeout) = (method, global.timeoutMilliseconds)
      try await global.withClient { client, terminal in
        terminal.print(try await client.call(method, json, deadlineMilliseconds: timeout))
      }
    }
  }
#endif
