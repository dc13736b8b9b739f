import TallySchema

/// One input as text in UTF-8: expanded where it is compressed, brought from the encoding that it is written in, and with a
/// line feed where its records end.
final class InputText: Sendable {
  enum Compression: String, Sendable {
    case none, gzip, zstd
  }

  let file: InputFile
  let compression: Compression
  let lineEnds: LineEnds
  private let encoding: CSVDialect.Encoding
  private let dialect: CSVDialect
  private let limits: Limits
  /// Of a zstd frame's window, at most.
  private let windowBytes: Int

  /// What the file's first bytes say goes before its name.
  ///
  /// - Throws: ``JobFailure``; INPUT_NOT_CSV where it is known to be of another format.
  init(_ file: InputFile, dialect: CSVDialect, memoryBytes: Int, limits: Limits) throws(JobFailure) {
    self.file = file
    self.dialect = dialect
    self.limits = limits
    windowBytes = memoryBytes / ZstdSource.memoryShare
    let head = try InputText.head(of: FileSource(file, from: 0, counters: nil))
    compression = InputText.compression(of: head)
    let text =
      compression == .none
      ? head
      : try InputText.head(
        of: InputText.expanded(
          FileSource(file, from: 0, counters: nil), compression, name: file.name, windowBytes: windowBytes,
          limits: limits))
    try InputText.checkFormat(text, inside: compression, name: file.name)
    encoding = InputText.encoding(dialect.encoding, mark: text)
    switch dialect.lineEnd {
    case .lf: lineEnds = LineEnds()
    case .cr: lineEnds = LineEnds(isCarriageReturn: true)
    case .auto:
      let source = try InputText.transcoded(
        FileSource(file, from: 0, counters: nil), compression, encoding, name: file.name, windowBytes: windowBytes,
        limits: limits)
      lineEnds = try LineEndDetector.find(in: source, dialect)
    }
  }

  /// Whether the file's own bytes are the text.
  var isPlain: Bool { compression == .none && encoding == .utf8 && !lineEnds.isCarriageReturn }

  /// Whether the text has the file's own bytes, but for its line ends.
  var isAsWritten: Bool { compression == .none && encoding == .utf8 }

  /// The text from an offset on, which has been seen before.
  func open(at offset: Int, counters: ProgressCounters?) throws(JobFailure) -> any ByteSource {
    if isPlain { return FileSource(file, from: offset, counters: counters) }
    var source = try InputText.transcoded(
      FileSource(file, from: 0, counters: counters), compression, encoding, name: file.name, windowBytes: windowBytes,
      limits: limits)
    if lineEnds.isCarriageReturn { source = CarriageReturnSource(source, dialect) }
    try source.skip(offset)
    return source
  }

  private static func compression(of head: [UInt8]) -> Compression {
    if head.starts(with: [0x1F, 0x8B]) { return .gzip }
    return head.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) || isSkippableFrame(head) ? .zstd : .none
  }

  /// What a byte order mark says goes before a dialect's UTF-8 and UTF-16.
  private static func encoding(_ asked: CSVDialect.Encoding, mark text: [UInt8]) -> CSVDialect.Encoding {
    guard asked == .utf8 || asked == .utf16 else { return asked }
    if text.starts(with: [0xFF, 0xFE]) { return .utf16LittleEndian }
    if text.starts(with: [0xFE, 0xFF]) { return .utf16BigEndian }
    return asked == .utf16 ? .utf16LittleEndian : asked
  }

  private static func checkFormat(_ text: [UInt8], inside: Compression, name: String) throws(JobFailure) {
    if inside != .none {
      let twice = compression(of: text)
      if twice != .none {
        throw foreign(
          name, "is \(twice.rawValue) inside \(inside.rawValue)", "Expand it once, and name the file that comes out")
      }
    }
    guard let found = FileFormat.foreign(text, name: name) else { return }
    let what = inside == .none ? "is \(found.what)" : "is \(found.what) inside \(inside.rawValue)"
    throw foreign(name, what, found.advice)
  }

  private static func foreign(_ name: String, _ what: String, _ advice: String) -> JobFailure {
    JobFailure(.invalidArgument, reason: "INPUT_NOT_CSV", "\(name): the file \(what), not CSV. \(advice).", file: name)
  }

  private static func transcoded(
    _ file: FileSource, _ compression: Compression, _ encoding: CSVDialect.Encoding, name: String, windowBytes: Int,
    limits: Limits
  ) throws(JobFailure) -> any ByteSource {
    let source = try expanded(file, compression, name: name, windowBytes: windowBytes, limits: limits)
    return encoding == .utf8 ? source : TranscodingSource(source, encoding)
  }

  private static func expanded(
    _ source: any ByteSource, _ compression: Compression, name: String, windowBytes: Int, limits: Limits
  ) throws(JobFailure) -> any ByteSource {
    switch compression {
    case .none: return source
    case .gzip: return try GunzipSource(source, name: name, limits: limits)
    case .zstd: return try ZstdSource(source, name: name, windowBytes: windowBytes, limits: limits)
    }
  }

  /// A zstd file may begin with a frame that has no text (RFC 8878, section 3.1.2).
  private static func isSkippableFrame(_ head: [UInt8]) -> Bool {
    head.count >= 4 && head[0] & 0xF0 == 0x50 && head[1..<4] == [0x2A, 0x4D, 0x18]
  }

  private static func head(of source: any ByteSource) throws(JobFailure) -> [UInt8] {
    try source.read(most: FileFormat.headBytes)
  }
}
