/// What a run has made: whole and durable, and no job's result before the store says so.
public struct SealedResult: Hashable, Sendable {
  /// As its storage names it.
  public var file: String
  public var bytes: Int
  /// Records after the header.
  public var rows: Int
  /// Of the whole file, in lower-case hexadecimal.
  public var sha256: String

  public init(file: String, bytes: Int, rows: Int, sha256: String) {
    self.file = file
    self.bytes = bytes
    self.rows = rows
    self.sha256 = sha256
  }
}
