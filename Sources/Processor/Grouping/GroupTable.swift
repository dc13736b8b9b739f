/// A small hash table of groups that repeat, sized for a core's cache: states and keys in one arena, slots with half of
/// the hash beside the place. When it is full, its owner writes the groups to their partitions and empties it.
struct GroupTable: ~Copyable {
  static let arenaBytes = 640 << 10
  static let slotCount = 16_384
  /// Of both.
  static let bytes = arenaBytes + slotCount * 8
  private static let alignment = 16

  /// A group in the arena: states, then the key's length, then the key.
  struct Group {
    let states: UnsafeMutableRawPointer
    let key: UnsafeRawBufferPointer
  }

  private let arena: PageBuffer
  private let slots: PageBuffer
  private let arenaBase: UnsafeMutableRawPointer
  private let words: UnsafeMutablePointer<UInt64>
  private let stateBytes: Int
  private let seed = KeyHash.seed
  private var used = 0
  private(set) var count = 0

  init(stateBytes: Int, budget: MemoryBudget) throws(BudgetExceeded) {
    let arena = try PageBuffer(bytes: GroupTable.arenaBytes, budget: budget, for: "the table of groups")
    let slots = try PageBuffer(bytes: GroupTable.slotCount * 8, budget: budget, for: "the table of groups")
    self.stateBytes = stateBytes
    self.arena = arena
    self.slots = slots
    arenaBase = arena.base
    words = slots.base.bindMemory(to: UInt64.self, capacity: GroupTable.slotCount)
  }

  /// The group's states, which are all zero when it is new; nil when there is no room for a new one.
  @inline(__always)
  mutating func states(of key: UnsafeRawBufferPointer) -> UnsafeMutableRawPointer? {
    let hash = KeyHash.hash(key, seed: seed)
    let tag = hash & 0xFFFF_FFFF_0000_0000
    var index = Int(truncatingIfNeeded: hash) & (GroupTable.slotCount - 1)
    while true {
      let word = words[index]
      if word == 0 { return insert(key, tag: tag, at: index) }
      if word & 0xFFFF_FFFF_0000_0000 == tag {
        let group = group(at: Int(word & 0xFFFF_FFFF) - 1)
        if KeyCodec.isEqual(group.key, key) { return group.states }
      }
      index = (index + 1) & (GroupTable.slotCount - 1)
    }
  }

  /// The number of a group that the table holds; nil when it doesn't.
  func find(_ key: UnsafeRawBufferPointer) -> Int? {
    let hash = KeyHash.hash(key, seed: seed)
    var index = Int(truncatingIfNeeded: hash) & (GroupTable.slotCount - 1)
    while words[index] != 0 {
      let offset = Int(words[index] & 0xFFFF_FFFF) - 1
      if words[index] & 0xFFFF_FFFF_0000_0000 == hash & 0xFFFF_FFFF_0000_0000,
        KeyCodec.isEqual(group(at: offset).key, key)
      {
        return offset / GroupTable.alignment
      }
      index = (index + 1) & (GroupTable.slotCount - 1)
    }
    return nil
  }

  /// The number of a group, which is added if it is new; nil when there is no room for it. It stays the same until all
  /// are removed.
  mutating func number(adding key: UnsafeRawBufferPointer) -> Int? {
    states(of: key).map { ($0 - arenaBase) / GroupTable.alignment }
  }

  /// The key of the group with that number.
  func key(of number: Int) -> UnsafeRawBufferPointer { group(at: number * GroupTable.alignment).key }

  private mutating func insert(_ key: UnsafeRawBufferPointer, tag: UInt64, at index: Int) -> UnsafeMutableRawPointer? {
    let bytes = groupBytes(keyBytes: key.count)
    guard used + bytes <= GroupTable.arenaBytes, count < GroupTable.slotCount * 3 / 4 else { return nil }
    let states = arenaBase + used
    states.initializeMemory(as: UInt8.self, repeating: 0, count: stateBytes)
    (states + stateBytes).storeBytes(of: UInt32(key.count), as: UInt32.self)
    if key.count > 0 { (states + stateBytes + 4).copyMemory(from: key.baseAddress!, byteCount: key.count) }
    words[index] = tag | UInt64(used + 1)
    used += bytes
    count += 1
    return states
  }

  @inline(__always)
  private func group(at offset: Int) -> Group {
    let states = arenaBase + offset
    let length = Int((states + stateBytes).loadUnaligned(as: UInt32.self))
    return Group(states: states, key: UnsafeRawBufferPointer(start: states + stateBytes + 4, count: length))
  }

  /// Of a group in the arena.
  @inline(__always)
  private func groupBytes(keyBytes: Int) -> Int {
    (stateBytes + 4 + keyBytes + GroupTable.alignment - 1) / GroupTable.alignment * GroupTable.alignment
  }

  /// The next group in the order in which they came, from the place (first 0), which moves on; nil when there is none.
  func next(_ place: inout Int) -> Group? {
    guard place < used else { return nil }
    let group = group(at: place)
    place += groupBytes(keyBytes: group.key.count)
    return group
  }

  mutating func removeAll() {
    slots.base.initializeMemory(as: UInt8.self, repeating: 0, count: GroupTable.slotCount * 8)
    used = 0
    count = 0
  }
}
