/// The number of rows, or of a column's values that aren't null.
struct Count: AggregateFunction {
  var state: any AggregateState.Type { CountState.self }
  var coded: CodedForm? { .count }

  func answer(_ state: UnsafeMutableRawPointer) -> AggregateAnswer { .count(state.load(as: UInt64.self)) }
}

/// A count of 64 bits; its form is a varint.
enum CountState: AggregateState {
  static var bytes: Int { MemoryLayout<UInt64>.stride }

  @inline(__always)
  static func add(_ value: UnsafePointer<RowValue>, position: UInt64, to state: UnsafeMutableRawPointer) {
    increment(state)
  }

  /// Counts one more.
  @inline(__always)
  static func increment(_ state: UnsafeMutableRawPointer) {
    state.assumingMemoryBound(to: UInt64.self).pointee &+= 1
  }

  @inline(__always)
  static func write(_ state: UnsafeMutableRawPointer, _ output: inout UnsafeMutableRawPointer) {
    ByteCursor.writeVarint(state.load(as: UInt64.self), &output)
  }

  static func writeEmpty(_ output: inout UnsafeMutableRawPointer) { ByteCursor.writeVarint(0, &output) }

  @inline(__always)
  static func merge(_ input: inout UnsafeRawPointer, into state: UnsafeMutableRawPointer) {
    state.assumingMemoryBound(to: UInt64.self).pointee &+= ByteCursor.readVarint(&input)
  }
}
