/// A ``SumState`` in a group's memory.
///
/// The form in a record has no more bytes than the values need: a head byte (bytes of the total, 0 to 32, or 33 for one that is
/// too large and has none; 0x40: a scale follows; 0x80: a count that isn't 1 follows), then those, then the total.
enum DecimalSumState: AggregateState {
  private static let hasScale: UInt8 = 0x40
  private static let hasFlag: UInt8 = 0x80
  private static let isTooLarge = 33

  static var bytes: Int { MemoryLayout<SumState>.stride }

  @inline(__always)
  static func add(_ value: UnsafePointer<RowValue>, position: UInt64, to state: UnsafeMutableRawPointer) {
    state.assumingMemoryBound(to: SumState.self).pointee.add(value.pointee.number)
  }

  @inline(__always)
  static func write(_ state: UnsafeMutableRawPointer, _ output: inout UnsafeMutableRawPointer) {
    write(state.load(as: SumState.self), &output)
  }

  @inline(__always)
  static func write(row value: UnsafePointer<RowValue>, position: UInt64, _ output: inout UnsafeMutableRawPointer) {
    let number = value.pointee.number
    if !value.pointee.isNull, number.scale == 0, let small = Int32(exactly: number.mantissa) {
      return writeSmall(small, &output)
    }
    var sum = SumState()
    if !value.pointee.isNull { sum.add(number) }
    write(sum, &output)
  }

  @inline(__always)
  static func merge(_ input: inout UnsafeRawPointer, into state: UnsafeMutableRawPointer) {
    mergeSum(&input, into: state.assumingMemoryBound(to: SumState.self))
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
}
