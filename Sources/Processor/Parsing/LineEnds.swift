import CTallySIMD

/// Where lines end in a text, for line numbers: at a LF, and in a file whose lines end in CR at a CR as well. CR LF is one line
/// end in either.
struct LineEnds: Sendable, Hashable {
  /// The file's lines end in CR; its text has a LF for each that ends a record, and a CR stands in quotes.
  var isCarriageReturn = false

  /// How many there are.
  func count(_ text: UnsafeRawBufferPointer) -> Int {
    guard text.count > 0 else { return 0 }
    let bytes = text.baseAddress!.assumingMemoryBound(to: UInt8.self)
    let feeds = tally_count(bytes, text.count, 0x0A)
    guard isCarriageReturn else { return feeds }
    var (returns, pairs) = (0, 0)
    for index in 0..<text.count where bytes[index] == 0x0D {
      returns += 1
      if index + 1 < text.count, bytes[index + 1] == 0x0A { pairs += 1 }
    }
    return feeds + returns - pairs
  }

  func count(in text: ArraySlice<UInt8>) -> Int { text.withUnsafeBytes { count($0) } }

  /// How many bytes there are behind the last one.
  func bytesAfterLast(_ text: UnsafeRawBufferPointer) -> Int {
    guard text.count > 0 else { return 0 }
    let bytes = text.baseAddress!.assumingMemoryBound(to: UInt8.self)
    func after(_ byte: UInt8) -> Int {
      let last = tally_last(bytes, text.count, byte)
      return last == text.count ? text.count : text.count - last - 1
    }
    return isCarriageReturn ? min(after(0x0A), after(0x0D)) : after(0x0A)
  }
}
