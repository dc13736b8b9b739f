import Processor
import Storage
import StorageLocal
import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// One job by the processor alone, on one thread if nothing else is said: what `Benchmarks/instructions.py` counts the instructions of.
///
/// Usage: `job-load INPUT RESULT SPEC [THREADS]`, where SPEC is the job as JSON, and RESULT is a file that doesn't exist.
@main
enum JobLoad {
  static func main() async throws {
    let words = CommandLine.arguments.dropFirst()
    guard words.count == 3 || words.count == 4, let threads = Int(words.count == 4 ? words[4] : "1") else {
      print("usage: job-load INPUT RESULT SPEC [THREADS]")
      exit(64)
    }
    let spec = try JobSpec(json: JSONValue(parsing: words[3]))
    let (path, name) = (words[1], spec.inputs.first ?? "input")
    let input = ProcessingPlaces.Input(name: name) { () throws(JobFailure) in try LocalInput(path: path, name: name) }
    let places = ProcessingPlaces(
      inputs: [input], stage: LocalStage(path: words[2]), spillFolder: "/tmp", threads: threads)
    let processor = CSVProcessor(spec, places, limits: .standard)
    let result = try await processor.run()
    let progress = processor.snapshot(secondsSinceStart: 0)
    print("\(progress.rows) rows, \(result.rows) groups, \(result.bytes) bytes, \(progress.bytesSpilled) spilled")
  }
}
