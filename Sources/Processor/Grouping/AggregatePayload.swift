/// The form of a group's states in a partition's record: no more bytes than the values need.
///
/// A count is a varint. A sum is a head byte (bytes of the total, 0 to 32, or 33 for one that is too large and has none; 0x40:
/// a scale follows; 0x80: a count that isn't 1 follows), then those, then the total. A least or greatest value is the same with both its scales instead
/// of one, and 0x80 for "there is none".
extension AggregatePlan {
  private static let hasScale: UInt8 = 0x40
  private static let hasFlag: UInt8 = 0x80
  private static let isTooLarge = 33

  /// Writes the form of a single row.
  ///
  /// - Parameter position: of the row in the order of the files.
  @inline(__always)
  func write(row values: UnsafePointer<RowValue>, position: UInt64, _ output: inout UnsafeMutableRawPointer) {
    for slot in slots {
      let value = values[slot.value]
      switch slot.kind {
      case .countRows: ByteCursor.writeVarint(1, &output)
      case .countValues: ByteCursor.writeVarint(value.isNull ? 0 : 1, &output)
      case .sum, .average:
        if !value.isNull, value.number.scale == 0, let small = Int32(exactly: value.number.mantissa) {
          AggregatePlan.writeSmall(small, &output)
        } else {
          var sum = SumState()
          if !value.isNull { sum.add(value.number) }
          AggregatePlan.write(sum, &output)
        }
      case .least, .greatest:
        var extreme = ExtremeState()
        if !value.isNull { extreme.add(value.number, largestScale: value.number.scale, wantsLeast: true) }
        AggregatePlan.write(extreme, &output)
      case .countDistinct: ByteCursor.writeVarint(0, &output)
      default: writeOther(row: value, slot.kind, position: position, &output)
      }
    }
  }

  @inline(never)
  private func writeOther(
    row value: RowValue, _ kind: Kind, position: UInt64, _ output: inout UnsafeMutableRawPointer
  ) {
    switch kind {
    case .sumDouble, .averageDouble:
      DoubleSum.withEmpty { sum in
        if !value.isNull { sum.add(value.double) }
        sum.write(&output)
      }
    case .leastDouble, .greatestDouble:
      var extreme = DoubleExtreme()
      if !value.isNull { extreme.add(value.double, wantsLeast: true) }
      extreme.write(&output)
    default:
      let state = value.isNull ? TextState() : TextState(value.text, position: position)
      state.write(&output)
    }
  }

  /// Writes the form of a group's states.
  func write(states: UnsafeMutableRawPointer, _ output: inout UnsafeMutableRawPointer) {
    for slot in slots {
      let state = states + slot.offset
      switch slot.kind {
      case .countRows, .countValues, .countDistinct: ByteCursor.writeVarint(state.load(as: UInt64.self), &output)
      case .sum, .average: AggregatePlan.write(state.load(as: SumState.self), &output)
      case .least, .greatest: AggregatePlan.write(state.load(as: ExtremeState.self), &output)
      case .sumDouble, .averageDouble: DoubleSum(at: state).write(&output)
      case .leastDouble, .greatestDouble: state.load(as: DoubleExtreme.self).write(&output)
      case .leastText, .greatestText, .first, .last: state.load(as: TextState.self).write(&output)
      }
    }
  }

  /// Adds a record's form to a group's states. Texts are left where they stand in the record.
  @inline(__always)
  func merge(_ input: inout UnsafeRawPointer, into states: UnsafeMutableRawPointer) {
    for slot in slots {
      let state = states + slot.offset
      switch slot.kind {
      case .countRows, .countValues, .countDistinct:
        state.assumingMemoryBound(to: UInt64.self).pointee &+= ByteCursor.readVarint(&input)
      case .sum, .average: AggregatePlan.mergeSum(&input, into: state.assumingMemoryBound(to: SumState.self))
      case .least, .greatest:
        AggregatePlan.mergeExtreme(
          &input, into: state.assumingMemoryBound(to: ExtremeState.self), wantsLeast: slot.kind == .least)
      case .sumDouble, .averageDouble: DoubleSum(at: state).merge(&input)
      case .leastDouble, .greatestDouble:
        let other = DoubleExtreme(reading: &input)
        state.assumingMemoryBound(to: DoubleExtreme.self).pointee.merge(other, wantsLeast: slot.kind == .leastDouble)
      case .leastText, .greatestText, .first, .last:
        let other = TextState(reading: &input)
        state.assumingMemoryBound(to: TextState.self).pointee.merge(other, slot.kind)
      }
    }
  }

  @inline(__always)
  private static func writeSmall(_ value: Int32, _ output: inout UnsafeMutableRawPointer) {
    let bytes = value == 0 ? 0 : (33 - (value < 0 ? ~value : value).leadingZeroBitCount + 7) / 8
    output.storeBytes(of: UInt8(bytes), as: UInt8.self)
    output.storeBytes(of: value.littleEndian, toByteOffset: 1, as: Int32.self)
    output += 1 + bytes
  }

  @inline(never)
  private static func write(_ sum: SumState, _ output: inout UnsafeMutableRawPointer) {
    let total = sum.total
    let bytes = total.map { ByteCursor.byteCount($0) } ?? isTooLarge
    let head = UInt8(bytes) | (sum.scale > 0 ? hasScale : 0) | (sum.count != 1 ? hasFlag : 0)
    output.storeBytes(of: head, as: UInt8.self)
    output += 1
    if sum.scale > 0 {
      output.storeBytes(of: sum.scale, as: UInt8.self)
      output += 1
    }
    if sum.count != 1 { ByteCursor.writeVarint(sum.count, &output) }
    if let total { ByteCursor.writeInteger(total, bytes: bytes, &output) }
  }

  @inline(never)
  private static func write(_ extreme: ExtremeState, _ output: inout UnsafeMutableRawPointer) {
    let mantissa = Int256(extreme.mantissa)
    let bytes = ByteCursor.byteCount(mantissa)
    let head = UInt8(bytes) | (extreme.largestScale > 0 ? hasScale : 0) | (extreme.isPresent ? 0 : hasFlag)
    output.storeBytes(of: head, as: UInt8.self)
    output += 1
    if extreme.largestScale > 0 {
      output.storeBytes(of: extreme.scale, as: UInt8.self)
      output.storeBytes(of: extreme.largestScale, toByteOffset: 1, as: UInt8.self)
      output += 2
    }
    ByteCursor.writeInteger(mantissa, bytes: bytes, &output)
  }

  @inline(__always)
  private static func mergeSum(_ input: inout UnsafeRawPointer, into state: UnsafeMutablePointer<SumState>) {
    let head = input.load(as: UInt8.self)
    input += 1
    if head <= 8 {
      // One value without places that 64 bits hold: sign-extended from its last byte.
      var value: Int64 = 0
      if head > 0 {
        withUnsafeMutableBytes(of: &value) { $0.baseAddress!.copyMemory(from: input, byteCount: Int(head)) }
        let unused = Int64(64 - 8 * Int(head))
        value = (Int64(littleEndian: value) << unused) >> unused
        input += Int(head)
      }
      state.pointee.add(DecimalNumber(mantissa: Int128(value), scale: 0))
      return
    }
    var scale: UInt8 = 0
    if head & hasScale != 0 {
      scale = input.load(as: UInt8.self)
      input += 1
    }
    let count = head & hasFlag != 0 ? ByteCursor.readVarint(&input) : 1
    if head & 0x3F == isTooLarge { return state.pointee.addTooLarge(scale: scale, count: count) }
    let total = ByteCursor.readInteger(bytes: Int(head & 0x3F), &input)
    if count > 0 { state.pointee.add(total: total, scale: scale, count: count) }
  }

  @inline(__always)
  private static func mergeExtreme(
    _ input: inout UnsafeRawPointer, into state: UnsafeMutablePointer<ExtremeState>, wantsLeast: Bool
  ) {
    let head = input.load(as: UInt8.self)
    input += 1
    var (scale, largest): (UInt8, UInt8) = (0, 0)
    if head & hasScale != 0 {
      scale = input.load(as: UInt8.self)
      largest = input.load(fromByteOffset: 1, as: UInt8.self)
      input += 2
    }
    let mantissa = ByteCursor.readInteger(bytes: Int(head & 0x3F), &input)
    if head & hasFlag != 0 { return }
    state.pointee.add(
      DecimalNumber(mantissa: mantissa.narrow ?? 0, scale: scale), largestScale: largest, wantsLeast: wantsLeast)
  }
}
