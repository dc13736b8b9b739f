import CTallySIMD

extension CodedFinisher {
  /// Of a group's line, at most, and what copies of whole words may write behind it.
  var groupBytesMost: Int {
    var most = first.longest + printer.answersBytesMost + Int(TALLY_SHORT_TEXT)
    for column in ranks.columns.dropFirst() { most += column.texts.longest }
    return most
  }

  func writeKey(_ combination: Int, _ end: inout UnsafeMutableRawPointer) {
    var divisor = 1
    for column in ranks.columns.dropFirst() { divisor *= column.count }
    var rest = combination
    printer.writeBefore(0, &end)
    CodedFinisher.copy(first, rest / divisor, &end)
    for (index, column) in ranks.columns.enumerated().dropFirst() {
      rest %= divisor
      divisor /= column.count
      printer.writeBefore(index, &end)
      CodedFinisher.copy(column.texts, rest / divisor, &end)
    }
  }

  @inline(__always)
  static func copy(_ texts: CodedRanks.RankedTexts, _ rank: Int, _ end: inout UnsafeMutableRawPointer) {
    let place = texts.places![rank]
    let source = texts.bytes! + place.offset
    let bytes = place.bytes
    if bytes <= Int(TALLY_SHORT_TEXT) {
      tally_copy_short(end, source)
    } else {
      end.copyMemory(from: source, byteCount: bytes)
    }
    end += bytes
  }
}
