/// The answer of an ``OrderedSearch`` as a group's state: rows add nothing to it, and it is there once at most.
enum FoundNumber: AggregateState {
  private struct State {
    var value: Int256
    var scale: UInt8
    var isPresent: Bool
  }

  static var bytes: Int { MemoryLayout<State>.stride }

  static func set(_ answer: DecimalAnswer, in state: UnsafeMutableRawPointer) {
    state.storeBytes(of: State(value: answer.value, scale: UInt8(answer.scale), isPresent: true), as: State.self)
  }

  static func answer(_ state: UnsafeMutableRawPointer) -> AggregateAnswer {
    let found = state.load(as: State.self)
    return found.isPresent ? .decimal(found.value, scale: Int(found.scale)) : .null
  }

  static func add(_ value: UnsafePointer<RowValue>, position: UInt64, to state: UnsafeMutableRawPointer) {}

  /// `[0]`, or `[1 + bytes of the value][scale][value]`.
  static func write(_ state: UnsafeMutableRawPointer, _ output: inout UnsafeMutableRawPointer) {
    let found = state.load(as: State.self)
    guard found.isPresent else { return KeyCodec.appendByte(0, &output) }
    let bytes = ByteCursor.byteCount(found.value)
    KeyCodec.appendByte(UInt8(1 + bytes), &output)
    KeyCodec.appendByte(found.scale, &output)
    ByteCursor.writeInteger(found.value, bytes: bytes, &output)
  }

  static func merge(_ input: inout UnsafeRawPointer, into state: UnsafeMutableRawPointer) {
    let head = input.load(as: UInt8.self)
    input += 1
    if head == 0 { return }
    let scale = input.load(as: UInt8.self)
    input += 1
    let value = ByteCursor.readInteger(bytes: Int(head) - 1, &input)
    set((value, Int(scale)), in: state)
  }
}
