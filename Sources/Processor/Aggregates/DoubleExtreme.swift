/// The least or the greatest of IEEE numbers. All zero bytes is that of nothing.
struct DoubleExtreme {
  private(set) var value = 0.0
  private(set) var isPresent = false

  var answer: AggregateAnswer { isPresent ? .double(value) : .null }

  mutating func add(_ new: Double, wantsLeast: Bool) {
    if !isPresent || (wantsLeast ? new < value : new > value) { value = new }
    isPresent = true
  }

  mutating func merge(_ other: DoubleExtreme, wantsLeast: Bool) {
    if other.isPresent { add(other.value, wantsLeast: wantsLeast) }
  }

  func write(_ output: inout UnsafeMutableRawPointer) {
    KeyCodec.appendByte(isPresent ? 1 : 0, &output)
    output.storeBytes(of: value.bitPattern, as: UInt64.self)
    output += 8
  }

  init(reading input: inout UnsafeRawPointer) {
    isPresent = input.load(as: UInt8.self) == 1
    value = Double(bitPattern: input.loadUnaligned(fromByteOffset: 1, as: UInt64.self))
    input += 9
  }
}

/// A ``DoubleExtreme`` in a group's memory, of the least numbers or of the greatest.
protocol ExtremeDouble: AggregateState {
  static var wantsLeast: Bool { get }
}

extension ExtremeDouble {
  static var bytes: Int { MemoryLayout<DoubleExtreme>.stride }

  static func add(_ value: UnsafePointer<RowValue>, position: UInt64, to state: UnsafeMutableRawPointer) {
    state.assumingMemoryBound(to: DoubleExtreme.self).pointee.add(value.pointee.double, wantsLeast: wantsLeast)
  }

  static func write(_ state: UnsafeMutableRawPointer, _ output: inout UnsafeMutableRawPointer) {
    state.load(as: DoubleExtreme.self).write(&output)
  }

  static func merge(_ input: inout UnsafeRawPointer, into state: UnsafeMutableRawPointer) {
    let other = DoubleExtreme(reading: &input)
    state.assumingMemoryBound(to: DoubleExtreme.self).pointee.merge(other, wantsLeast: wantsLeast)
  }
}
