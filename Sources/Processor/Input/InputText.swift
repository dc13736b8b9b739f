import Schema

/// One input as text in UTF-8: expanded where it is compressed, and brought from the encoding that it is written in.
final class InputText: Sendable {
  enum Compression: Sendable {
    case none, gzip, zstd
  }

  let file: InputFile
  let compression: Compression
  private let encoding: CSVDialect.Encoding
  private let limits: Limits
  /// Of a zstd frame's window, at most.
  private let windowBytes: Int

  /// What the file's first bytes say goes before its name.
  init(_ file: InputFile, encoding: CSVDialect.Encoding, memoryBytes: Int, limits: Limits) throws(JobFailure) {
    self.file = file
    self.limits = limits
    windowBytes = memoryBytes / 8
    let head = try InputText.head(of: FileSource(file, from: 0, counters: nil))
    if head.starts(with: [0x1F, 0x8B]) {
      compression = .gzip
    } else if head.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) || InputText.isSkippableFrame(head) {
      compression = .zstd
    } else {
      compression = .none
    }
    var found = encoding
    if encoding == .utf8 || encoding == .utf16 {
      let text =
        compression == .none
        ? head
        : try InputText.head(
          of: InputText.expanded(
            FileSource(file, from: 0, counters: nil), compression, name: file.name, windowBytes: memoryBytes / 8,
            limits: limits))
      if text.starts(with: [0xFF, 0xFE]) {
        found = .utf16LittleEndian
      } else if text.starts(with: [0xFE, 0xFF]) {
        found = .utf16BigEndian
      } else if encoding == .utf16 {
        found = .utf16LittleEndian
      }
    }
    self.encoding = found
  }

  /// Whether the file's own bytes are the text.
  var isPlain: Bool { compression == .none && encoding == .utf8 }

  /// The text from an offset on, which has been seen before.
  func open(at offset: Int, counters: ProgressCounters?) throws(JobFailure) -> any ByteSource {
    if isPlain { return FileSource(file, from: offset, counters: counters) }
    var source: any ByteSource = FileSource(file, from: 0, counters: counters)
    source = try InputText.expanded(
      source, compression, name: file.name, windowBytes: windowBytes, limits: limits)
    if encoding != .utf8 { source = TranscodingSource(source, encoding) }
    try source.skip(offset)
    return source
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
    head.count == 4 && head[0] & 0xF0 == 0x50 && head[1...] == [0x2A, 0x4D, 0x18]
  }

  private static func head(of source: any ByteSource) throws(JobFailure) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 4)
    let got: Result<Int, JobFailure> = bytes.withUnsafeMutableBytes { buffer in
      Result { () throws(JobFailure) in try source.read(into: buffer) }
    }
    return Array(bytes.prefix(try got.get()))
  }
}
