import Foundation
import Synchronization
import Testing

/// The built executables, beside the tests' own.
enum Programs {
  static let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  struct Outcome: Sendable {
    var exitCode: Int32
    var output: String
    var errors: String
  }

  /// A process without Tally's settings in its environment.
  static func process(_ path: String, _ arguments: [String], environment: [String: String] = [:]) -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    // Nor with the settings file of whoever runs the tests.
    let own = ["XDG_CONFIG_HOME": "/nonexistent"].merging(environment) { $1 }
    process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("TALLY_") }
      .merging(own) { $1 }
    return process
  }

  /// Runs a program to its end.
  static func run(_ name: String, _ arguments: [String], environment: [String: String] = [:]) async throws -> Outcome {
    let path = name.hasPrefix("/") ? name : "\(folder)/\(name)"
    let process = process(path, arguments, environment: environment)
    let output = try Capture()
    let errors = try Capture()
    process.standardOutput = output.writer
    process.standardError = errors.writer
    process.standardInput = FileHandle.nullDevice
    try await end(of: process)
    return Outcome(exitCode: process.terminationStatus, output: output.text, errors: errors.text)
  }

  /// Starts a process and waits for its end, without holding a thread.
  static func end(of process: Process) async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      process.terminationHandler = { _ in continuation.resume() }
      do {
        try process.run()
      } catch {
        process.terminationHandler = nil
        continuation.resume(throwing: error)
      }
    }
  }
}

/// What a process writes, in a file: a pipe would have to be read while the process runs.
final class Capture: Sendable {
  private let path = NSTemporaryDirectory() + "tally-capture-" + UUID().uuidString
  let writer: FileHandle

  init() throws {
    try Data().write(to: URL(fileURLWithPath: path))
    writer = try #require(FileHandle(forWritingAtPath: path))
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var text: String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
}
