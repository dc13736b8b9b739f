public import Storage
public import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension DataFolder {
  /// The names of a job's inputs: each exact name, and every file that a pattern matches, in order of their bytes. What the
  /// job itself writes is no input of its own.
  ///
  /// - Throws: ``JobFailure``, also when a pattern matches nothing, or there are more files or entries than the limits.
  public func inputNames(
    _ spec: JobSpec, limits: Limits, isStopping: @escaping Stopping
  ) throws(JobFailure) -> [String] {
    var names: [String] = []
    // By bytes, as the system has names: for Swift, other spellings of a character are equal.
    var seen: Set<UTF8Key> = []
    let own = Set([spec.output, spec.output.map(JobSpec.rejectsName)].compactMap { $0.map(UTF8Key.init) })
    // One walk for all patterns: a folder is read once.
    var walk = PatternWalk(folder: self, entriesMost: limits.patternEntries, isStopping: isStopping)
    for name in spec.inputs {
      let found = try matches(of: name, &walk).filter { !own.contains(UTF8Key($0)) || $0.hasSameBytes(as: name) }
      if found.isEmpty { throw DataFolder.nothingMatches(name) }
      for found in found where seen.insert(UTF8Key(found)).inserted {
        if names.count == limits.inputFiles { throw DataFolder.tooMany(name, limits) }
        names.append(found)
      }
    }
    return names
  }

  /// The files that a job's names stand for, with which file each is.
  ///
  /// - Throws: as ``inputNames(_:limits:isStopping:)``; `CancellationError` when it is to stop.
  public func readings(
    of spec: JobSpec, limits: Limits, isStopping: @escaping Stopping
  ) throws -> [InputReading] {
    let asked = Set(spec.inputs.map(UTF8Key.init))
    let names: [String]
    do {
      names = try inputNames(spec, limits: limits, isStopping: isStopping)
    } catch {
      if isStopping() { throw CancellationError() }
      throw error
    }
    return try names.map {
      InputReading(name: $0, identity: try identity(of: $0), isMatched: !asked.contains(UTF8Key($0)))
    }
  }

  /// Which file a name stands for; nil: none.
  ///
  /// - Throws: ``JobFailure`` when that can't be told.
  public func identity(of name: String) throws(JobFailure) -> String? {
    do {
      let (folder, last) = try openParent(of: name)
      var information = stat()
      try check("stat", fstatat(folder.descriptor, last, &information, AT_SYMLINK_NOFOLLOW))
      return DataFolder.identity(information)
    } catch {
      // Nothing is there, or nothing that could be read or replaced.
      if [ENOENT, ENOTDIR, ELOOP, EACCES, EPERM, ENAMETOOLONG].contains(error.number) { return nil }
      throw inputFailure(name, error)
    }
  }

  /// The same on every machine that has the folder, so without the number of the file system, which is each machine's own. And
  /// another where a file system gives a removed file's number to a new one: that was written at another time.
  static func identity(_ information: stat) -> String {
    #if canImport(Darwin)
      let modified = information.st_mtimespec
    #else
      let modified = information.st_mtim
    #endif
    return "\(information.st_ino)-\(modified.tv_sec).\(modified.tv_nsec)"
  }

  /// Opens a file for reading.
  ///
  /// - Throws: as ``openInput(_:)``.
  public func openObject(_ name: String) throws(JobFailure) -> any InputObject {
    try LocalInput(try openInput(name), name: name)
  }

  /// Opens the file that a run reads.
  ///
  /// - Throws: as ``openInput(_:)``; ABORTED when another file has the name by now.
  public func openObject(_ input: InputReading) throws(JobFailure) -> any InputObject {
    let file = try openInput(input.name)
    guard DataFolder.identity(file.information) == input.identity else {
      throw JobFailure(
        .aborted, reason: "INPUT_CHANGED",
        "\(input.name): another file has taken this name since the job's run began. Submit the job again.",
        file: input.name)
    }
    return try LocalInput(file, name: input.name)
  }

  private func matches(of name: String, _ walk: inout PatternWalk) throws(JobFailure) -> [String] {
    // A file of just that name goes before what it would match.
    guard FileName.isPattern(name), (try? openInput(name)) == nil else { return [name] }
    do {
      return try walk.matches(name)
    } catch let failure as JobFailure {
      throw failure
    } catch {
      throw JobFailure(
        .unavailable, reason: "INPUT_NOT_READABLE", "\(name): the data folder can't be listed (\(error)).", file: name)
    }
  }

  private static func nothingMatches(_ pattern: String) -> JobFailure {
    JobFailure(
      .notFound, reason: "INPUT_NOT_FOUND", "\(pattern): no file in the data folder matches this.", file: pattern)
  }

  private static func tooMany(_ name: String, _ limits: Limits) -> JobFailure {
    JobFailure(
      .outOfRange, reason: "TOO_MANY_INPUTS",
      "\(name): the job would read more than \(limits.inputFiles) files (inputFiles).", file: name)
  }
}
