/// The two forms of different values on their way to be counted, both with the head of a ``PartitionRecord``.
///
/// One value: the key is `[aggregate, varint][group][value]`, and there is no payload. Equal values of a group have
/// equal records, which land in one partition by their hash. The group is `[2 × bytes of its key, varint][key]`, or
/// `[2 × number + 1, varint]` where both sides know it by a number.
///
/// A row's values: the key is the group's, and the payload has an item `[aggregate, varint][bytes, varint][value]` for
/// each. All records of a group land in one partition, so that a long key isn't written once for each value.
enum DistinctRecord {
  enum Group {
    case key(UnsafeRawBufferPointer)
    case number(Int)
  }

  /// Bytes of a group's key that each of its values may repeat.
  static let repeatedKeyBytesMost = 16
  /// Bytes of a group's key that a row's values share one record with: many such keys must fit in a table of groups. Larger
  /// ones, of which a row's field is hardly made, are repeated.
  static let sharedKeyBytesMost = GroupTable.arenaBytes / 16
  /// Bytes of a record beside its group's key and a value, at the most.
  static let headBytesMost = 4 * ByteCursor.varintBytesMost
  static let numberBytesMost = 32

  private static let seed = KeyHash.seed &* 0x9E37_79B9_7F4A_7C15 | 1

  /// Another one for each time that a partition is split.
  static func seed(afterSplits splits: Int) -> UInt64 { seed &+ UInt64(splits) &* 0xD6E8_FEB8_6659_FD93 }

  static func partition(of key: UnsafeRawBufferPointer, partitions: Int, seed: UInt64) -> Int {
    Int((KeyHash.hash(key, seed: seed) >> 32).multipliedFullWidth(by: UInt64(partitions) << 32).high)
  }

  /// Writes what stands before a value in the key of its record.
  static func writeHead(slot: Int, _ group: Group, _ output: inout UnsafeMutableRawPointer) {
    ByteCursor.writeVarint(UInt64(slot), &output)
    switch group {
    case .number(let number): ByteCursor.writeVarint(UInt64(number) << 1 | 1, &output)
    case .key(let key):
      ByteCursor.writeVarint(UInt64(key.count) << 1, &output)
      write(key, &output)
    }
  }

  /// The aggregate and the group of a record's key.
  static func read(_ key: UnsafeRawBufferPointer) -> (slot: Int, group: Group) {
    var cursor = key.baseAddress!
    let slot = Int(ByteCursor.readVarint(&cursor))
    let reference = Int(ByteCursor.readVarint(&cursor))
    if reference & 1 == 1 { return (slot, .number(reference >> 1)) }
    return (slot, .key(UnsafeRawBufferPointer(start: cursor, count: reference >> 1)))
  }

  static func write(_ bytes: UnsafeRawBufferPointer, _ output: inout UnsafeMutableRawPointer) {
    if bytes.count > 0 { output.copyMemory(from: bytes.baseAddress!, byteCount: bytes.count) }
    output += bytes.count
  }

  /// Writes a value. At the largest scale equal numbers have equal bytes.
  static func write(_ value: RowValue, isNumber: Bool, _ output: inout UnsafeMutableRawPointer) {
    guard isNumber else { return write(value.text, &output) }
    let wide = value.number.widened
    ByteCursor.writeInteger(wide, bytes: ByteCursor.byteCount(wide), &output)
  }

  /// An item of a row's values.
  struct Item {
    let slot: Int
    let value: UnsafeRawBufferPointer
    /// From its beginning to its end.
    let whole: UnsafeRawBufferPointer

    init(at start: UnsafeRawPointer) {
      var cursor = start
      slot = Int(ByteCursor.readVarint(&cursor))
      let bytes = Int(ByteCursor.readVarint(&cursor))
      value = UnsafeRawBufferPointer(start: cursor, count: bytes)
      whole = UnsafeRawBufferPointer(start: start, count: cursor + bytes - start)
    }
  }

  /// Visits the items of a row's values.
  @inline(__always)
  static func forEachItem(of payload: UnsafeRawBufferPointer, _ body: (Item) throws -> Void) rethrows {
    guard var cursor = payload.baseAddress else { return }
    let end = cursor + payload.count
    while cursor < end {
      let item = Item(at: cursor)
      try body(item)
      cursor += item.whole.count
    }
  }

  /// Puts the head of a ``PartitionRecord`` in front of a key that has room for it there.
  static func withHead(keyBytes: Int, payloadBytes: Int, before key: UnsafeMutableRawPointer) -> UnsafeRawBufferPointer
  {
    withUnsafeTemporaryAllocation(byteCount: 2 * ByteCursor.varintBytesMost, alignment: 1) { head in
      var end = head.baseAddress!
      ByteCursor.writeVarint(UInt64(keyBytes), &end)
      ByteCursor.writeVarint(UInt64(payloadBytes), &end)
      let bytes = end - head.baseAddress!
      (key - bytes).copyMemory(from: head.baseAddress!, byteCount: bytes)
      return UnsafeRawBufferPointer(start: key - bytes, count: bytes + keyBytes + payloadBytes)
    }
  }
}
