public import TallySchema

/// How an answer is written. A record is, for each column, what stands before it and its value; then what ends the record.
///
/// A new format is a case of `JobSpec.Format`, a line of ``JobSpec/makeFormat()``, and a file with a type like this one.
public protocol OutputFormat: Sendable {
  /// What an answer in this format is, for HTTP.
  var mediaType: String { get }
  /// What stands before the first record; empty where nothing does.
  var header: [UInt8] { get }
  /// Ends every record.
  var recordEnd: [UInt8] { get }
  /// For each byte, whether a text with it needs ``write(text:isKey:_:)``.
  var special: [Bool] { get }
  /// Texts without special bytes are written as they are, but for the empty one.
  var copiesPlainTexts: Bool { get }
  /// Numbers need ``finishNumber(from:_:)``.
  var changesNumbers: Bool { get }
  /// The bytes that one of a text's needs at the most, and those beside it.
  var textGrowth: (each: Int, beside: Int) { get }

  /// What stands before a column's value.
  func before(column: Int) -> [UInt8]
  /// The bytes that ``write(text:isKey:_:)`` needs for this text: close to what they are.
  func bytesMost(of text: UnsafeRawBufferPointer) -> Int
  /// Writes any text.
  ///
  /// - Parameter isKey: a 0x00 of the text stands escaped, as ``KeyCodec`` has it.
  func write(text: UnsafeRawBufferPointer, isKey: Bool, _ output: inout UnsafeMutableRawPointer)
  func writeNull(_ output: inout UnsafeMutableRawPointer)
  /// Gives the number that stands behind `start`, with a decimal point, the format's form; at most two bytes longer.
  func finishNumber(from start: UnsafeMutableRawPointer, _ output: inout UnsafeMutableRawPointer)

  /// The columns' names and the first records as texts, for people to look at.
  ///
  /// - Parameters:
  ///   - bytes: an answer's beginning; a record that is cut off at its end is left out.
  ///   - isWhole: the bytes are all of it.
  ///   - most: records, the names among them.
  ///   - columnsMost: fields of a record, at most.
  func firstRows(of bytes: [UInt8], isWhole: Bool, most: Int, columnsMost: Int) -> [[String]]
}

extension JobSpec {
  /// The format that the job asks for, with its dialect and columns.
  public func makeFormat() -> any OutputFormat {
    switch format {
    case .csv: CSVFormat(self)
    case .ndjson: NDJSONFormat(self)
    }
  }
}
