import CTallySIMD

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The values of one group column that one thread has met, each with a number from 0 in the order in which they came
/// (dictionary encoding: Abadi et al., "Integrating Compression and Execution in Column-Oriented Database Systems",
/// 2006). Its memory is fixed: what comes when it is full has no number.
///
/// An entry stands in the arena and never moves: `[number][partition][bytes in the key][record]`, where the record is a
/// ``PartitionRecord`` of the key alone, so that entries sort as records do.
struct ColumnDictionary {
  static let recordOffset = 12
  /// Four bytes for the key's length, one for that of the payload.
  static let keyOffset = recordOffset + 5
  /// Of an entry beside its key, at the most.
  static let entryBytes = keyOffset + 7
  static let keyBytesMost = 1 << 20

  private let slots: UnsafeMutablePointer<UInt64>
  private let mask: Int
  private let entries: UnsafeMutablePointer<UnsafeMutableRawPointer>
  private let arena: UnsafeMutableRawPointer
  private let arenaBytes: Int
  private let capacity: Int
  private let seed = KeyHash.seed
  private var used = 0
  private(set) var count = 0
  /// Bytes of the longest key.
  private(set) var longest = 0

  /// - Parameters:
  ///   - slots: zeros, `slotCount` words, a power of two.
  ///   - entries: room for three quarters of as many.
  init(
    slots: UnsafeMutablePointer<UInt64>, slotCount: Int, entries: UnsafeMutablePointer<UnsafeMutableRawPointer>,
    arena: UnsafeMutableRawPointer, arenaBytes: Int
  ) {
    self.slots = slots
    mask = slotCount - 1
    capacity = slotCount / 4 * 3
    self.entries = entries
    self.arena = arena
    self.arenaBytes = arenaBytes
  }

  /// The entry of a number.
  @inline(__always)
  func entry(_ number: Int) -> UnsafeMutableRawPointer { entries[number] }

  @inline(__always)
  static func number(of entry: UnsafeRawPointer) -> UInt32 { entry.loadUnaligned(as: UInt32.self) }

  @inline(__always)
  static func partition(of entry: UnsafeRawPointer) -> Int {
    Int(entry.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
  }

  @inline(__always)
  static func key(of entry: UnsafeRawPointer) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      start: entry + keyOffset, count: Int(entry.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
  }

  /// Where a value's search begins, with its tag. 31 bytes behind the value may be read.
  @inline(__always)
  func hash(_ value: UnsafeRawBufferPointer) -> UInt64 { KeyHash.padded(value, seed: seed) }

  /// Brings the first slot of a search near.
  @inline(__always)
  func slot(of hash: UInt64) -> UnsafePointer<UInt64> { UnsafePointer(slots + (Int(truncatingIfNeeded: hash) & mask)) }

  /// The entry that a search looks at first; some address where there is none.
  @inline(__always)
  func likelyEntry(_ hash: UInt64) -> UnsafeRawPointer {
    let word = slots[Int(truncatingIfNeeded: hash) & mask]
    return UnsafeRawPointer(arena) + Int(truncatingIfNeeded: word & 0xFFFF_FFFF) &* 8
  }

  /// The value's entry, or nil when it has none. 31 bytes behind the value may be read.
  @inline(__always)
  func find(_ value: UnsafeRawBufferPointer, hash: UInt64) -> UnsafeMutableRawPointer? {
    let tag = hash >> 32
    var index = Int(truncatingIfNeeded: hash) & mask
    while true {
      let word = slots[index]
      if word == 0 { return nil }
      if word >> 32 == tag {
        let place = Int(truncatingIfNeeded: word & 0xFFFF_FFFF)
        let entry = arena + (place &- 1) &* 8
        if ColumnDictionary.isEqual(entry, value) { return entry }
      }
      index = (index + 1) & mask
    }
  }

  @inline(__always)
  private static func isEqual(_ entry: UnsafeRawPointer, _ value: UnsafeRawBufferPointer) -> Bool {
    let count = value.count
    guard entry.loadUnaligned(fromByteOffset: 8, as: UInt32.self) == UInt32(truncatingIfNeeded: count) else {
      return false
    }
    let key = entry + keyOffset
    guard let start = value.baseAddress else { return true }
    return count <= Int(TALLY_SHORT_TEXT) ? tally_equal_short(key, start, count) != 0 : memcmp(key, start, count) == 0
  }

  /// Gives a value that has none an entry; nil when there is no room. The value is valid UTF-8 without 0x00.
  mutating func insert(_ value: UnsafeRawBufferPointer, hash: UInt64, partition: Int) -> UnsafeMutableRawPointer? {
    let bytes = (ColumnDictionary.keyOffset + value.count + 7) / 8 * 8
    // Short keys are read as wholes: so far behind the last one, too.
    guard count < capacity, value.count <= ColumnDictionary.keyBytesMost, used + bytes + 32 <= arenaBytes else {
      return nil
    }
    let entry = arena + used
    entry.storeBytes(of: UInt32(count), as: UInt32.self)
    entry.storeBytes(of: UInt32(partition), toByteOffset: 4, as: UInt32.self)
    entry.storeBytes(of: UInt32(value.count), toByteOffset: 8, as: UInt32.self)
    // A varint of four bytes, whatever the value.
    for index in 0..<4 {
      let septet = UInt8(truncatingIfNeeded: value.count >> (7 * index)) & 0x7F
      entry.storeBytes(of: index < 3 ? septet | 0x80 : septet, toByteOffset: 12 + index, as: UInt8.self)
    }
    entry.storeBytes(of: 0, toByteOffset: 16, as: UInt8.self)
    if value.count > 0 {
      (entry + ColumnDictionary.keyOffset).copyMemory(from: value.baseAddress!, byteCount: value.count)
    }
    var index = Int(truncatingIfNeeded: hash) & mask
    while slots[index] != 0 { index = (index + 1) & mask }
    slots[index] = (hash & 0xFFFF_FFFF_0000_0000) | UInt64(used / 8 + 1)
    entries[count] = entry
    used += bytes
    count += 1
    longest = max(longest, value.count)
    return entry
  }
}

/// One thread's dictionaries: one for each group column, in memory that is taken from the budget at once.
///
/// `@unchecked Sendable`: written by one thread, and read by others only after that thread has ended.
final class ThreadDictionaries: @unchecked Sendable {
  let columns: UnsafeMutableBufferPointer<ColumnDictionary>
  private var pages: [PageBuffer] = []

  init(sizes: [CodingChoice.ColumnSize], budget: MemoryBudget) throws(BudgetExceeded) {
    columns = .allocate(capacity: sizes.count)
    for (index, size) in sizes.enumerated() {
      let what = "the dictionaries of the group columns"
      let slots: PageBuffer
      let entries: PageBuffer
      let arena: PageBuffer
      do {
        slots = try PageBuffer(bytes: size.slots * 8, budget: budget, for: what, isHuge: true)
        entries = try PageBuffer(bytes: size.slots / 4 * 3 * 8, budget: budget, for: what)
        arena = try PageBuffer(bytes: size.arenaBytes, budget: budget, for: what, isHuge: true)
      } catch {
        columns.deallocate()
        throw error
      }
      pages += [slots, entries, arena]
      columns.initializeElement(
        at: index,
        to: ColumnDictionary(
          slots: slots.base.bindMemory(to: UInt64.self, capacity: size.slots), slotCount: size.slots,
          entries: entries.bound(to: UnsafeMutableRawPointer.self).baseAddress!, arena: arena.base,
          arenaBytes: size.arenaBytes))
    }
  }

  deinit { columns.deallocate() }
}
