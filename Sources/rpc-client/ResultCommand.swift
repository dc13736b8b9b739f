#if Server
  import ArgumentParser
  import Foundation
  import RPCClient
  import Schema

  struct ResultCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "result", abstract: "Downloads a job's answer to standard output, or to a file.")

    @OptionGroup var job: JobReference
    @Option(name: [.customShort("o"), .long], help: "The file to write; it appears when it is whole.") var output:
      String?
    @Flag(help: "Print size, rows, digest and first rows instead, as JSON.") var info = false
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      let (job, info, output) = (job, info, output)
      try await global.withClient { client, terminal in
        let summary = try await client.call(Jobs.result, JobParameters(jobID: try await job.resolve(client)))
        if info || terminal.json { return terminal.print(summary.json) }
        guard let output else {
          return try await client.download(summary.result.url) { Terminal.writeOutput($0) }
        }
        try await ResultCommand.write(to: output) { file in
          try await client.download(summary.result.url) { try file.write(contentsOf: Data($0)) }
        }
        terminal.remark("\(output): \(summary.result.rows) rows, \(ByteCount.text(summary.result.bytes))")
      }
    }

    /// Writes a file under another name and renames it when it is whole.
    private static func write(to path: String, _ body: (FileHandle) async throws -> Void) async throws {
      let partial = path + ".partial"
      guard FileManager.default.createFile(atPath: partial, contents: nil),
        let file = FileHandle(forWritingAtPath: partial)
      else { throw ValidationError("The file '\(partial)' can't be made.") }
      do {
        try await body(file)
        try file.synchronize()
        try file.close()
        guard rename(partial, path) == 0 else {
          throw ValidationError("'\(path)' can't be written: \(String(cString: strerror(errno))).")
        }
      } catch {
        unlink(partial)
        throw error
      }
    }
  }
#endif
