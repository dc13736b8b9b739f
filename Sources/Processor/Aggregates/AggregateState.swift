/// What a group keeps for an aggregate: memory to which values are added, and which is written to a partition's record and
/// merged from there. All zero bytes are the state of an empty group. There are no instances, but only such memory.
protocol AggregateState {
  /// Of the memory.
  static var bytes: Int { get }
  /// It begins with a ``TextState``, whose text stands elsewhere.
  static var hasText: Bool { get }

  /// Adds a value that isn't null.
  ///
  /// - Parameter position: of the row in the order of the files; 0 where no state needs it.
  static func add(_ value: UnsafePointer<RowValue>, position: UInt64, to state: UnsafeMutableRawPointer)
  /// Writes the form in a record: at most 16 bytes more than ``bytes``, or 48, and the text.
  static func write(_ state: UnsafeMutableRawPointer, _ output: inout UnsafeMutableRawPointer)
  /// Adds what a form holds. A text is left where it stands in the form.
  static func merge(_ input: inout UnsafeRawPointer, into state: UnsafeMutableRawPointer)
  /// Writes the form of an empty group.
  static func writeEmpty(_ output: inout UnsafeMutableRawPointer)
  /// Writes the form of a single row, whose value may be null.
  static func write(
    row value: UnsafePointer<RowValue>, position: UInt64, _ output: inout UnsafeMutableRawPointer)
}

extension AggregateState {
  static var hasText: Bool { false }

  static func writeEmpty(_ output: inout UnsafeMutableRawPointer) {
    withUnsafeTemporaryAllocation(byteCount: bytes, alignment: 16) { state in
      state.initializeMemory(as: UInt8.self, repeating: 0)
      write(state.baseAddress!, &output)
    }
  }

  static func write(
    row value: UnsafePointer<RowValue>, position: UInt64, _ output: inout UnsafeMutableRawPointer
  ) {
    withUnsafeTemporaryAllocation(byteCount: bytes, alignment: 16) { state in
      state.initializeMemory(as: UInt8.self, repeating: 0)
      if !value.pointee.isNull { add(value, position: position, to: state.baseAddress!) }
      write(state.baseAddress!, &output)
    }
  }
}
