import TallySchema

/// Writes groups as records of the output's format: the key's fields, then the aggregates.
struct GroupPrinter {
  private let aggregates: AggregatePlan
  private let asked: [Aggregate]
  private let format: any OutputFormat
  private let frame: RecordFrame
  private let keyFields: Int
  private let special: [Bool]
  private let copiesPlainTexts: Bool
  private let changesNumbers: Bool
  private let growth: (each: Int, beside: Int)
  /// Of a record, at the most, but for the bytes of its texts.
  private let recordBytesMost: Int

  init(spec: JobSpec, plan: GroupingPlan) {
    let format = spec.makeFormat()
    aggregates = plan.aggregates
    asked = spec.aggregates
    keyFields = spec.groupBy.count
    frame = RecordFrame(format, columns: spec.outputColumns.count)
    special = format.special
    copiesPlainTexts = format.copiesPlainTexts
    changesNumbers = format.changesNumbers
    growth = format.textGrowth
    self.format = format
    recordBytesMost = frame.room + frame.before.count * max(growth.beside, NumberText.bytesMost + 2)
  }

  /// The bytes that a group needs at the most.
  @inline(__always)
  func bytesMost(_ key: UnsafeRawBufferPointer, _ states: UnsafeRawPointer) -> Int {
    let bytes = key.count * growth.each + recordBytesMost
    return aggregates.texts == 0 ? bytes : bytes + textBytesMost(states)
  }

  private func textBytesMost(_ states: UnsafeRawPointer) -> Int {
    aggregates.slots.reduce(0) { bytes, slot in
      slot.hasText ? bytes + (states + slot.offset).load(as: TextState.self).text.count * growth.each : bytes
    }
  }

  /// The bytes that one of a key's fields needs at the most.
  func bytesMost(field: UnsafeRawBufferPointer) -> Int { format.bytesMost(of: field) }

  /// The bytes that a record needs at the most, but for its key's fields.
  var answersBytesMost: Int { recordBytesMost }

  /// What stands before the first record.
  var header: [UInt8] { format.header }

  /// Writes one group; `output` has room for ``bytesMost(_:_:)``.
  ///
  /// - Throws: ``JobFailure`` when a number has more than 76 digits.
  @inline(__always)
  func write(key: UnsafeRawBufferPointer, states: UnsafeMutableRawPointer, _ output: inout UnsafeMutableRawPointer)
    throws
  {
    var start = 0
    for index in 0..<keyFields {
      let end = index == keyFields - 1 ? key.count : KeyCodec.fieldEnd(key, from: start)
      writeBefore(index, &output)
      write(field: UnsafeRawBufferPointer(rebasing: key[start..<end]), &output)
      start = end + 1
    }
    for index in 0..<aggregates.slots.count {
      frame.before[keyFields + index].write(&output)
      try write(index, states, &output)
    }
    frame.end.write(&output)
  }

  /// Writes the end of a group whose key is written, and whose answers stand in a cell.
  @inline(__always)
  func write(
    _ cell: UnsafePointer<Int64>, _ answers: UnsafeMutableBufferPointer<CodedPlan.Source>,
    _ output: inout UnsafeMutableRawPointer
  ) throws {
    for index in 0..<answers.count {
      frame.before[keyFields + index].write(&output)
      let answer = answers[index]
      let value = cell[answer.accumulator]
      let start = output
      if answer.form == .average {
        let count = UInt64(cell[answer.count])
        NumberText.writeAverage(value, scale: answer.scale, count: count, &output)
      } else if answer.scale == 0 {
        NumberText.write(value, &output)
      } else {
        NumberText.write(Int256(Int128(value)), scale: answer.scale, &output)
      }
      if changesNumbers { format.finishNumber(from: start, &output) }
    }
    frame.end.write(&output)
  }

  /// Writes what stands before a column's value.
  @inline(__always)
  func writeBefore(_ column: Int, _ output: inout UnsafeMutableRawPointer) { frame.before[column].write(&output) }

  /// Writes one field of a key.
  @inline(__always)
  func write(field: UnsafeRawBufferPointer, _ output: inout UnsafeMutableRawPointer) {
    let isPlain =
      copiesPlainTexts && !field.isEmpty
      && special.withUnsafeBufferPointer { special in
        for byte in field where special[Int(byte)] { return false }
        return true
      }
    if isPlain {
      output.copyMemory(from: field.baseAddress!, byteCount: field.count)
      output += field.count
    } else {
      format.write(text: field, isKey: true, &output)
    }
  }

  @inline(__always)
  private func write(_ index: Int, _ states: UnsafeMutableRawPointer, _ output: inout UnsafeMutableRawPointer) throws {
    let start = output
    switch aggregates.answer(index, states) {
    case .null: return format.writeNull(&output)
    case .text(let text): return format.write(text: text, isKey: false, &output)
    case .count(let count): NumberText.write(Int64(count), &output)
    case .decimal(let value, let scale):
      guard value.magnitude < Int256.tooLong else { throw tooLarge(asked[index]) }
      NumberText.write(value, scale: scale, &output)
    case .double(let value): NumberText.write(value, &output)
    case .tooLarge: throw tooLarge(asked[index])
    }
    if changesNumbers { format.finishNumber(from: start, &output) }
  }

  private func tooLarge(_ aggregate: Aggregate) -> JobFailure {
    let column = "(output column \"\(Excerpt.of(aggregate.name))\")"
    guard aggregate.function == .sum || aggregate.function == .avg else {
      return JobFailure(
        .outOfRange, reason: "ANSWER_TOO_LARGE",
        "The \(aggregate.function.rawValue) of a group has more than 76 digits \(column). Leave out the numbers that are this large, with 'where'."
      )
    }
    return JobFailure(
      .outOfRange, reason: "SUM_TOO_LARGE",
      aggregate.type == .double
        ? "The sum of a group is more than a double can be \(column). Leave out its type for an exact sum."
        : "The sum of a group has more than 76 digits \(column). Aggregate it with type: \"double\" if it needn't be exact."
    )
  }
}
