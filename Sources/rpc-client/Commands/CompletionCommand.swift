#if Server
  import ArgumentParser

  struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "completion", abstract: "Prints a shell's script that completes commands, job IDs and input names.",
      discussion: """
        bash: rpc-client completion bash > ~/.local/share/bash-completion/completions/rpc-client
        zsh:  rpc-client completion zsh > a folder of $fpath, as _rpc-client
        fish: rpc-client completion fish > ~/.config/fish/completions/rpc-client.fish
        """)

    enum Shell: String, CaseIterable, ExpressibleByArgument { case bash, zsh, fish }

    @Argument(help: "bash, zsh or fish.") var shell: Shell

    func run() throws {
      let kind: CompletionShell =
        switch shell {
        case .bash: .bash
        case .zsh: .zsh
        case .fish: .fish
        }
      let script = ClientCommand.completionScript(for: kind)
      switch shell {
      case .bash: print(try CompletionScript.bash(script))
      case .zsh: print(try CompletionScript.zsh(script))
      // Fish takes the lines of a command's output as they are, and quotes what it inserts.
      case .fish: print(script)
      }
    }
  }
#endif
