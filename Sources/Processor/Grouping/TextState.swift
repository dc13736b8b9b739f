#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The least, greatest, first or last text of a group. All zero bytes is that of nothing. The text stands elsewhere: in
/// the row, in a record, or in a ``TextKeeper``.
struct TextState {
  private var address: UInt = 0
  private var count: UInt32 = 0
  private(set) var isPresent = false
  /// Of its row, in the order of the files.
  private var position: UInt64 = 0

  init() {}

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

  mutating func merge(_ other: TextState, _ kind: AggregatePlan.Kind) {
    guard other.isPresent else { return }
    let isBetter =
      !isPresent
      || {
        switch kind {
        case .leastText: KeyCodec.isLess(other.text, text)
        case .greatestText: KeyCodec.isLess(text, other.text)
        case .first: other.position < position
        default: other.position > position
        }
      }()
    if isBetter { self = other }
  }

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

/// Keeps the texts of one group while the records that they stood in pass by.
struct TextKeeper: ~Copyable {
  private var buffers: [[UInt8]]
  private let plan: AggregatePlan

  init(_ plan: AggregatePlan) {
    self.plan = plan
    buffers = plan.slots.map { _ in [] }
  }

  /// Copies texts that stand elsewhere, and has the states point to the copies.
  mutating func keep(_ states: UnsafeMutableRawPointer) {
    guard plan.texts > 0 else { return }
    for index in plan.slots.indices where plan.slots[index].kind.isText {
      let state = (states + plan.slots[index].offset).assumingMemoryBound(to: TextState.self)
      guard state.pointee.isPresent else { continue }
      let text = state.pointee.text
      let isOurs = buffers[index].withUnsafeBytes { $0.baseAddress == text.baseAddress && !text.isEmpty }
      if !isOurs { buffers[index] = Array(text) }
      // An array that isn't changed stays where it is.
      buffers[index].withUnsafeBytes { if let start = $0.baseAddress { state.pointee.move(to: start) } }
    }
  }
}
