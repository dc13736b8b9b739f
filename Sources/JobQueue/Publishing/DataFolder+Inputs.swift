public import Schema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension DataFolder {
  /// A job's input, open for reading.
  public struct Input: Sendable {
    public var name: String
    public var file: OpenFile
  }

  /// Opens a job's inputs: each name's file, and every file that a pattern matches, in order of their bytes. What the job
  /// itself writes is no input of its own.
  ///
  /// - Throws: ``JobFailure``, also when a pattern matches nothing, or there are more files than the limit.
  public func openInputs(_ spec: JobSpec, limits: Limits) throws(JobFailure) -> [Input] {
    var inputs: [Input] = []
    // By bytes, as the system has names: for Swift, other spellings of a character are equal.
    var seen: Set<[UInt8]> = []
    for name in spec.inputs {
      let isPattern = FileName.isPattern(name)
      let names = isPattern ? try matches(name, spec, limits) : [name]
      for found in names where seen.insert(Array(found.utf8)).inserted {
        if inputs.count == limits.inputFiles { throw DataFolder.tooMany(name, limits) }
        inputs.append(Input(name: found, file: try openInput(found)))
      }
    }
    return inputs
  }

  private func matches(_ pattern: String, _ spec: JobSpec, _ limits: Limits) throws(JobFailure) -> [String] {
    // A file of just that name goes before what it would match.
    if (try? openInput(pattern)) != nil { return [pattern] }
    let own: Set = [Array(spec.output.utf8), Array(JobSpec.rejectsName(of: spec.output).utf8)]
    let prefix = String(decoding: pattern.utf8.prefix { !"*?[".utf8.contains($0) }, as: UTF8.self)
    let entries: [Entry]
    do {
      entries = try list(prefix: prefix, after: nil, most: .max)
    } catch {
      throw JobFailure(
        .unavailable, reason: "INPUT_NOT_READABLE", "\(pattern): the data folder can't be listed (\(error)).",
        file: pattern)
    }
    let names = entries.map(\.name).filter {
      fnmatch(pattern, $0, FNM_PATHNAME | FNM_PERIOD) == 0 && !own.contains(Array($0.utf8))
    }
    if names.isEmpty {
      throw JobFailure(
        .notFound, reason: "INPUT_NOT_FOUND", "\(pattern): no file in the data folder matches this.", file: pattern)
    }
    if names.count > limits.inputFiles { throw DataFolder.tooMany(pattern, limits) }
    return names
  }

  private static func tooMany(_ name: String, _ limits: Limits) -> JobFailure {
    JobFailure(
      .outOfRange, reason: "TOO_MANY_INPUTS",
      "\(name): the job would read more than \(limits.inputFiles) files (inputFiles).", file: name)
  }
}
