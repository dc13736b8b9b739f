#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  struct UploadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "upload", abstract: "Sends files to the server's data folder, where jobs read them.",
      discussion: """
        A file appears there when all of it has come. Each name is printed when it is there:

          rpc-client run "$(rpc-client upload plays.csv)" -o sums.csv
        """)

    @Argument(help: "Files of this machine; -: standard input, with --as.", completion: .file()) var files: [String]
    @Option(name: .customLong("as"), help: "The name on the server; of several files, the folder for them.")
    var name: String?
    @Flag(help: "Replace the file that has the name.") var replace = false
    @OptionGroup var global: GlobalOptions

    func validate() throws {
      if files.contains("-"), name == nil {
        throw ValidationError("Standard input has no name: give it one with --as.")
      }
      if files.filter({ $0 == "-" }).count > 1 { throw ValidationError("Standard input can be read once.") }
      for target in targets {
        if let problem = InputReference.problem(ofNew: target) {
          throw ValidationError("The name '\(target)' \(problem).")
        }
      }
    }

    /// What the files are called on the server.
    private var targets: [String] {
      files.map { file in
        let last = FileName.parts(file).last { !$0.isEmpty } ?? file
        guard let name else { return last }
        return files.count > 1 ? "\(name)/\(last)" : name
      }
    }

    func run() async throws {
      let (pairs, replace) = (Array(zip(files, targets)), replace)
      try await global.withClient { client, terminal in
        for (file, target) in pairs {
          let source = try LocalFile(file)
          let taken = try await Upload(source).run(client, as: target, replace: replace)
          if terminal.json {
            terminal.print(taken.json)
          } else {
            terminal.print(taken.name)
            let what = taken.replaced ? ", in the place of another file" : ""
            terminal.remark("\(file): \(ByteCount.text(taken.bytes))\(what)", .dim)
          }
        }
      }
    }
  }
#endif
