import TallySchema

/// Writes groups as CSV records: the key's fields, then the aggregates.
struct GroupPrinter {
  private let aggregates: AggregatePlan
  private let delimiter: UInt8
  private let quote: UInt8
  /// In a quoted field, the byte before a literal quote: the quote itself, unless the dialect has another.
  private let escape: UInt8
  private let decimalMark: UInt8
  /// Spaces at a field's ends would be left out when it is read again.
  private let trims: Bool
  private let comment: UInt8?
  private let keyFields: Int
  private let isOnlyField: Bool
  /// The bytes for which a field is quoted: delimiter, quote, CR, LF; 0x00 because it may be the key's own escape.
  private let special: [Bool]
  /// A field may have to be quoted for its ends, too.
  private let looksAtEnds: Bool
  private let asked: [Aggregate]

  init(spec: JobSpec, plan: GroupingPlan) {
    aggregates = plan.aggregates
    delimiter = spec.csv.delimiter
    quote = spec.csv.outputQuote
    escape = spec.csv.escape ?? quote
    decimalMark = spec.csv.decimalMark
    trims = spec.csv.trim
    comment = spec.csv.comment
    looksAtEnds = trims || comment != nil
    keyFields = spec.groupBy.count
    isOnlyField = spec.outputColumns.count == 1
    asked = spec.aggregates
    var special = [Bool](repeating: false, count: 256)
    for byte in [delimiter, 0x0A, 0x0D, KeyCodec.separator] { special[Int(byte)] = true }
    // In a dialect without quotes, they are text as any other.
    if spec.csv.quoteMark != nil { special[Int(quote)] = true }
    self.special = special
  }

  /// The bytes that a group needs at the most.
  @inline(__always)
  func bytesMost(_ key: UnsafeRawBufferPointer, _ states: UnsafeRawPointer) -> Int {
    let bytes = key.count * 2 + keyFields * 3 + asked.count * (NumberText.bytesMost + 3) + 3
    return aggregates.texts == 0 ? bytes : bytes + textBytesMost(states)
  }

  private func textBytesMost(_ states: UnsafeRawPointer) -> Int {
    aggregates.slots.reduce(0) { bytes, slot in
      slot.hasText ? bytes + (states + slot.offset).load(as: TextState.self).text.count * 2 + 3 : bytes
    }
  }

  /// The bytes that one of a key's fields needs at the most, and the delimiter behind it.
  func fieldBytesMost(_ bytes: Int) -> Int { bytes * 2 + 3 }

  @inline(__always)
  func writeDelimiter(_ output: inout UnsafeMutableRawPointer) { KeyCodec.appendByte(delimiter, &output) }

  /// The header's text.
  func header(_ columns: [String]) -> [UInt8] {
    var output: [UInt8] = []
    for (index, name) in columns.enumerated() {
      if index > 0 { output.append(delimiter) }
      let bytes = Array(name.utf8)
      let isPlain = bytes.withUnsafeBytes { field in
        !(field.contains { special[Int($0)] && $0 != 0 } || (field.isEmpty && isOnlyField) || hasSpecialEnds(field))
      }
      if isPlain {
        output += bytes
      } else {
        output.append(quote)
        for byte in bytes { output += isEscaped(byte) ? [escape, byte] : [byte] }
        output.append(quote)
      }
    }
    return output + [0x0A]
  }

  /// Writes one group; `output` has room for ``bytesMost(keyBytes:)``.
  ///
  /// - Throws: ``JobFailure`` when a sum has more than 76 digits.
  @inline(__always)
  func write(key: UnsafeRawBufferPointer, states: UnsafeMutableRawPointer, _ output: inout UnsafeMutableRawPointer)
    throws
  {
    var start = 0
    for index in 0..<keyFields {
      let end = index == keyFields - 1 ? key.count : KeyCodec.fieldEnd(key, from: start)
      if index > 0 { KeyCodec.appendByte(delimiter, &output) }
      write(field: UnsafeRawBufferPointer(rebasing: key[start..<end]), &output)
      start = end + 1
    }
    for index in 0..<aggregates.slots.count {
      if index > 0 || keyFields > 0 { KeyCodec.appendByte(delimiter, &output) }
      let before = output
      try write(index, states, &output)
      if output == before, isOnlyField { writeEmptyQuoted(&output) }
    }
    KeyCodec.appendByte(0x0A, &output)
  }

  /// Writes the end of a group whose key is written, with a delimiter behind it, and whose answers stand in a cell.
  @inline(__always)
  func write(
    _ cell: UnsafePointer<Int64>, _ answers: UnsafeMutableBufferPointer<CodedPlan.Answer>,
    _ output: inout UnsafeMutableRawPointer
  ) throws {
    if answers.isEmpty { output -= 1 }
    for index in 0..<answers.count {
      if index > 0 { KeyCodec.appendByte(delimiter, &output) }
      let answer = answers[index]
      let value = cell[answer.accumulator]
      if answer.form == .average {
        let count = UInt64(cell[answer.count])
        NumberText.writeAverage(Int256(Int128(value)), scale: answer.scale, count: count, &output)
      } else if answer.scale == 0 {
        NumberText.write(value, &output)
      } else {
        NumberText.write(Int256(Int128(value)), scale: answer.scale, &output)
      }
    }
    KeyCodec.appendByte(0x0A, &output)
  }

  /// Writes one field of a key, quoted where it must be.
  @inline(__always)
  func write(field: UnsafeRawBufferPointer, _ output: inout UnsafeMutableRawPointer) {
    if field.isEmpty {
      if isOnlyField { writeEmptyQuoted(&output) }
      return
    }
    let isPlain = special.withUnsafeBufferPointer { special in
      for byte in field where special[Int(byte)] { return false }
      return true
    }
    if isPlain, !looksAtEnds || !hasSpecialEnds(field) {
      output.copyMemory(from: field.baseAddress!, byteCount: field.count)
      output += field.count
    } else {
      writeUnplain(field, &output)
    }
  }

  @inline(never)
  private func writeUnplain(_ field: UnsafeRawBufferPointer, _ output: inout UnsafeMutableRawPointer) {
    let isQuoted = field.contains { special[Int($0)] && $0 != KeyCodec.separator } || hasSpecialEnds(field)
    if isQuoted { KeyCodec.appendByte(quote, &output) }
    var index = 0
    while index < field.count {
      let byte = field[index]
      if isQuoted, isEscaped(byte) { KeyCodec.appendByte(escape, &output) }
      KeyCodec.appendByte(byte, &output)
      // A 0x00 of the data stands escaped in the key.
      index += byte == KeyCodec.separator ? 2 : 1
    }
    if isQuoted { KeyCodec.appendByte(quote, &output) }
  }

  /// Whether a byte of a quoted field has the escape before it.
  private func isEscaped(_ byte: UInt8) -> Bool { byte == quote || byte == escape }

  /// Whether a field must be quoted for its first or last byte, to be read again as it is.
  private func hasSpecialEnds(_ field: UnsafeRawBufferPointer) -> Bool {
    guard looksAtEnds, let first = field.first, let last = field.last else { return false }
    return first == comment || (trims && [first, last].contains { $0 == 0x20 || $0 == 0x09 })
  }

  /// Gives the number that stands behind `start` the dialect's decimal mark, and quotes where that is the delimiter.
  @inline(__always)
  private func setMark(from start: UnsafeMutableRawPointer, _ output: inout UnsafeMutableRawPointer) {
    if decimalMark != UInt8(ascii: ".") { setOtherMark(from: start, &output) }
  }

  @inline(never)
  private func setOtherMark(from start: UnsafeMutableRawPointer, _ output: inout UnsafeMutableRawPointer) {
    let number = UnsafeMutableRawBufferPointer(start: start, count: output - start)
    guard let point = number.firstIndex(of: UInt8(ascii: ".")) else { return }
    number[point] = decimalMark
    guard decimalMark == delimiter else { return }
    (start + 1).copyMemory(from: start, byteCount: number.count)
    start.storeBytes(of: quote, as: UInt8.self)
    output += 1
    KeyCodec.appendByte(quote, &output)
  }

  private func writeEmptyQuoted(_ output: inout UnsafeMutableRawPointer) {
    KeyCodec.appendByte(quote, &output)
    KeyCodec.appendByte(quote, &output)
  }

  @inline(__always)
  private func write(_ index: Int, _ states: UnsafeMutableRawPointer, _ output: inout UnsafeMutableRawPointer) throws {
    let before = output
    switch aggregates.answer(index, states) {
    case .null: return
    case .text(let text): return write(text: text, &output)
    case .count(let count): NumberText.write(Int64(count), &output)
    case .decimal(let value, let scale):
      guard value.magnitude < Int256.tooLong else { throw tooLarge(asked[index]) }
      NumberText.write(value, scale: scale, &output)
    case .double(let value): NumberText.write(value, &output)
    case .tooLarge: throw tooLarge(asked[index])
    }
    setMark(from: before, &output)
  }

  /// A text as it is, in which 0x00 stands for nothing but itself.
  private func write(text: UnsafeRawBufferPointer, _ output: inout UnsafeMutableRawPointer) {
    let isQuoted = text.contains { special[Int($0)] && $0 != KeyCodec.separator } || hasSpecialEnds(text)
    if isQuoted { KeyCodec.appendByte(quote, &output) }
    for byte in text {
      if isQuoted, isEscaped(byte) { KeyCodec.appendByte(escape, &output) }
      KeyCodec.appendByte(byte, &output)
    }
    if isQuoted { KeyCodec.appendByte(quote, &output) }
  }

  private func tooLarge(_ aggregate: Aggregate) -> JobFailure {
    let column = "(output column \"\(Excerpt.of(aggregate.name))\")"
    return JobFailure(
      .outOfRange, reason: "SUM_TOO_LARGE",
      aggregate.type == .double
        ? "The sum of a group is more than a double can be \(column). Leave out its type for an exact sum."
        : "The sum of a group has more than 76 digits \(column). Aggregate it with type: \"double\" if it needn't be exact."
    )
  }
}
