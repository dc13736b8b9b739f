/// The least or the greatest of decimal numbers. All zero bytes is that of nothing.
struct ExtremeState {
  private(set) var mantissa: Int128 = 0
  private(set) var scale: UInt8 = 0
  /// The largest seen in the group: the scale of the answer.
  private(set) var largestScale: UInt8 = 0
  private(set) var isPresent = false

  @inline(__always)
  mutating func add(_ number: DecimalNumber, largestScale seen: UInt8, wantsLeast: Bool) {
    largestScale = max(largestScale, seen)
    let isBetter: Bool
    if !isPresent {
      isBetter = true
    } else if number.scale == scale {
      isBetter = wantsLeast ? number.mantissa < mantissa : number.mantissa > mantissa
    } else {
      let (new, old) = (ExtremeState.widened(number.mantissa, number.scale), ExtremeState.widened(mantissa, scale))
      isBetter = wantsLeast ? new < old : old < new
    }
    guard isBetter else { return }
    mantissa = number.mantissa
    scale = number.scale
    isPresent = true
  }

  /// The value at the answer's scale.
  var answer: AggregateAnswer {
    guard isPresent else { return .null }
    let value = DecimalNumber(mantissa: mantissa, scale: scale).widened(toScale: Int(largestScale))
    return .decimal(value, scale: Int(largestScale))
  }

  private static func widened(_ mantissa: Int128, _ scale: UInt8) -> Int256 {
    DecimalNumber(mantissa: mantissa, scale: scale).widened
  }
}

/// An ``ExtremeState`` in a group's memory, of the least numbers or of the greatest.
///
/// The form in a record is a head byte (bytes of the value, 0 to 32; 0x40: its scale and the largest seen follow; 0x80:
/// there is none), then those, then the value.
protocol ExtremeNumber: AggregateState {
  static var wantsLeast: Bool { get }
}

extension ExtremeNumber {
  static var bytes: Int { MemoryLayout<ExtremeState>.stride }

  static func add(_ value: UnsafePointer<RowValue>, position: UInt64, to state: UnsafeMutableRawPointer) {
    let number = value.pointee.number
    state.assumingMemoryBound(to: ExtremeState.self).pointee.add(
      number, largestScale: number.scale, wantsLeast: wantsLeast)
  }

  static func write(_ state: UnsafeMutableRawPointer, _ output: inout UnsafeMutableRawPointer) {
    ExtremeForm.write(state.load(as: ExtremeState.self), &output)
  }

  static func merge(_ input: inout UnsafeRawPointer, into state: UnsafeMutableRawPointer) {
    ExtremeForm.merge(&input, into: state.assumingMemoryBound(to: ExtremeState.self), wantsLeast: wantsLeast)
  }
}

private enum ExtremeForm {
  private static let hasScale: UInt8 = 0x40
  private static let isAbsent: UInt8 = 0x80

  @inline(never)
  static func write(_ extreme: ExtremeState, _ output: inout UnsafeMutableRawPointer) {
    let mantissa = Int256(extreme.mantissa)
    let bytes = ByteCursor.byteCount(mantissa)
    let head = UInt8(bytes) | (extreme.largestScale > 0 ? hasScale : 0) | (extreme.isPresent ? 0 : isAbsent)
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
  static func merge(
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
    if head & isAbsent != 0 { return }
    state.pointee.add(
      DecimalNumber(mantissa: mantissa.narrow ?? 0, scale: scale), largestScale: largest, wantsLeast: wantsLeast)
  }
}
