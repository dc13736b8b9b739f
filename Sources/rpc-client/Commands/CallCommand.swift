#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  struct CallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "call", abstract: "Calls any method and prints its result as JSON.")

    @Argument(help: "The method's name, such as getStatus.", completion: Completions.methods) var method: String
    @Argument(help: "The parameters, a JSON object or array.") var parameters: String = "{}"
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      let json: JSONValue
      do {
        json = try JSONValue(parsing: parameters)
      } catch {
        throw ValidationError("The parameters aren't JSON: \(error).")
      }
      let (method, timeout) = (method, try global.timeoutMilliseconds())
      try await global.withClient { client, terminal in
        do {
          terminal.print(try await client.call(method, json, deadlineMilliseconds: timeout))
        } catch RPCClientError.remote(var error) where error.code == RPCError.methodNotFoundCode {
          if let meant = await CallCommand.meant(by: method, client) { error.message += " Did you mean '\(meant)'?" }
          throw error
        }
      }
    }

    /// The server's method that is nearest to a name it doesn't know.
    private static func meant(by name: String, _ client: TallyClient) async -> String? {
      let document = try? await client.call(SystemMethods.discover, NoParameters())
      return Suggestion.nearest(
        to: name, among: (document?["methods"]?.array ?? []).compactMap { $0["name"]?.string })
    }
  }
#endif
