/// Where a partition's groups are written: the buffer that its thread has, which goes to the file when it is full and
/// the partition's turn has come.
struct GroupOutput: ~Copyable, GroupTarget {
  private let output: OrderedOutput
  private let number: Int
  private let buffer: OrderedOutput.Buffer
  private let budget: MemoryBudget
  private let printer: GroupPrinter
  /// For a group that no buffer holds.
  private var large: OrderedOutput.Buffer?
  private var cursor: UnsafeMutableRawPointer
  private var limit: UnsafeMutableRawPointer

  /// - Parameter number: the partition's.
  init(_ output: OrderedOutput, number: Int, buffer: OrderedOutput.Buffer, printer: GroupPrinter, budget: MemoryBudget)
  {
    self.output = output
    self.number = number
    self.buffer = buffer
    self.budget = budget
    self.printer = printer
    cursor = buffer.end
    limit = buffer.end + buffer.room
  }

  @inline(__always)
  mutating func add(_ key: UnsafeRawBufferPointer, _ states: UnsafeMutableRawPointer) throws {
    var end = try room(printer.bytesMost(key, states))
    try printer.write(key: key, states: states, &end)
    wrote(upTo: end)
  }

  /// Where to write the next group, with room for as many bytes. May wait for the partition's turn.
  @inline(__always)
  mutating func room(_ bytes: Int) throws -> UnsafeMutableRawPointer {
    if limit - cursor >= bytes { return cursor }
    return try makeRoom(bytes)
  }

  /// The group has been written up to there.
  @inline(__always)
  mutating func wrote(upTo end: UnsafeMutableRawPointer) { cursor = end }

  @inline(never)
  private mutating func makeRoom(_ bytes: Int) throws -> UnsafeMutableRawPointer {
    try flush()
    if bytes > buffer.room {
      let alone = try OrderedOutput.Buffer(bytes: bytes, budget: budget)
      large = alone
      cursor = alone.end
      limit = alone.end + alone.room
    }
    return cursor
  }

  private mutating func flush() throws {
    if let large {
      large.used = cursor - large.pages.base
      try output.writeThrough(number, large)
    } else {
      buffer.used = cursor - buffer.pages.base
      try output.writeThrough(number, buffer)
    }
    large = nil
    cursor = buffer.end
    limit = buffer.end + buffer.room
  }

  /// Leaves the buffer as the output takes it over.
  mutating func finish() throws {
    if large != nil { return try flush() }
    buffer.used = cursor - buffer.pages.base
  }
}
