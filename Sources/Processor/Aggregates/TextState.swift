/// The least, greatest, first or last text of a group. All zero bytes is that of nothing. The text stands elsewhere: in
/// the row, in a record, or in a ``TextKeeper``.
struct TextState {
  private var address: UInt = 0
  private var count: UInt32 = 0
  private(set) var isPresent = false
  /// Of its row, in the order of the files.
  private(set) var position: UInt64 = 0

  init(_ text: UnsafeRawBufferPointer, position: UInt64) {
    address = UInt(bitPattern: text.baseAddress)
    count = UInt32(text.count)
    isPresent = true
    self.position = position
  }

  var text: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: Int(count))
  }

  /// The same text at another place.
  mutating func move(to start: UnsafeRawPointer) { address = UInt(bitPattern: start) }

  var answer: AggregateAnswer { isPresent ? .text(text) : .null }

  /// `[0]`, or `[1][bytes, varint][position][text]`.
  func write(_ output: inout UnsafeMutableRawPointer) {
    KeyCodec.appendByte(isPresent ? 1 : 0, &output)
    guard isPresent else { return }
    ByteCursor.writeVarint(UInt64(count), &output)
    output.storeBytes(of: position, as: UInt64.self)
    output += 8
    if count > 0 { output.copyMemory(from: text.baseAddress!, byteCount: Int(count)) }
    output += Int(count)
  }

  init(reading input: inout UnsafeRawPointer) {
    let head = input.load(as: UInt8.self)
    input += 1
    guard head == 1 else { return }
    count = UInt32(ByteCursor.readVarint(&input))
    position = input.loadUnaligned(as: UInt64.self)
    input += 8
    address = UInt(bitPattern: input)
    isPresent = true
    input += Int(count)
  }
}

/// A ``TextState`` in a group's memory, of one among a group's texts.
protocol ChosenText: AggregateState {
  /// Whether a text takes the place of another.
  static func isBetter(_ new: TextState, than old: TextState) -> Bool
}

extension ChosenText {
  static var bytes: Int { MemoryLayout<TextState>.stride }
  static var hasText: Bool { true }

  static func add(_ value: UnsafePointer<RowValue>, position: UInt64, to state: UnsafeMutableRawPointer) {
    merge(TextState(value.pointee.text, position: position), into: state)
  }

  static func write(_ state: UnsafeMutableRawPointer, _ output: inout UnsafeMutableRawPointer) {
    state.load(as: TextState.self).write(&output)
  }

  static func merge(_ input: inout UnsafeRawPointer, into state: UnsafeMutableRawPointer) {
    merge(TextState(reading: &input), into: state)
  }

  private static func merge(_ new: TextState, into state: UnsafeMutableRawPointer) {
    guard new.isPresent else { return }
    let old = state.assumingMemoryBound(to: TextState.self)
    if !old.pointee.isPresent || isBetter(new, than: old.pointee) { old.pointee = new }
  }
}
