/// One thread's groups on their way to the order that the job asks for: a record for each, whose key is its place in that
/// order and whose payload is its line of the output. Of a limited output, what can't be among the first is left out.
struct OrderWriter: ~Copyable, GroupTarget {
  /// Records between two looks at what may be left out.
  private static let recordsBetweenLooks = 4_096

  private let order: OrderKey
  private let printer: GroupPrinter
  private let router: PartitionRouter
  private let writer: PartitionWriter
  private let limit: Int?
  private var line: GrowingBuffer
  private var record: GrowingBuffer
  /// The last partition that may hold one of the first records.
  private var lastPartition = Int.max
  private var untilLook = OrderWriter.recordsBetweenLooks
  private(set) var groups = 0

  init(
    order: OrderKey, printer: GroupPrinter, router: PartitionRouter, writer: PartitionWriter, limit: Int?,
    budget: MemoryBudget
  ) throws(BudgetExceeded) {
    let line = try GrowingBuffer(bytes: 65_536, budget: budget, for: "a group's line")
    let record = try GrowingBuffer(bytes: 65_536, budget: budget, for: "a group's line")
    self.order = order
    self.printer = printer
    self.router = router
    self.writer = writer
    self.limit = limit
    self.line = line
    self.record = record
  }

  mutating func add(_ key: UnsafeRawBufferPointer, _ states: UnsafeMutableRawPointer) throws {
    groups += 1
    let place = order.bytes(key, states)
    let partition = place.withUnsafeBytes { router.partition(of: $0) }
    // More than every sum of 38 digits has to be an error, also of a group that is left out.
    try line.grow(to: printer.bytesMost(key, states))
    var end = line.base
    try printer.write(key: key, states: states, &end)
    if partition > lastPartition { return }
    let lineBytes = end - line.base
    try record.grow(to: place.count + lineBytes + 2 * ByteCursor.varintBytesMost)
    var output = record.base
    ByteCursor.writeVarint(UInt64(place.count), &output)
    ByteCursor.writeVarint(UInt64(lineBytes), &output)
    place.withUnsafeBytes { output.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    output += place.count
    output.copyMemory(from: line.base, byteCount: lineBytes)
    output += lineBytes
    try writer.append(UnsafeRawBufferPointer(start: record.base, count: output - record.base), to: partition)
    untilLook -= 1
    if untilLook == 0 { look() }
  }

  private mutating func look() {
    untilLook = OrderWriter.recordsBetweenLooks
    guard let limit else { return }
    var records = 0
    for index in writer.partitions.indices {
      records += writer.partitions[index].records
      if records >= limit {
        lastPartition = index
        return
      }
    }
  }

  func seal() { writer.seal() }
}

/// Collects the places of some groups, for the splitters of the order's partitions.
struct OrderSample: GroupTarget {
  private static let keysMost = 2_048
  /// Thrown when there are enough.
  struct Enough: Error {}

  let order: OrderKey
  private(set) var keys: [[UInt8]] = []

  init(order: OrderKey) { self.order = order }

  mutating func add(_ key: UnsafeRawBufferPointer, _ states: UnsafeMutableRawPointer) throws {
    keys.append(order.bytes(key, states))
    if keys.count == OrderSample.keysMost { throw Enough() }
  }
}

/// What takes groups, in their order.
protocol GroupTarget: ~Copyable {
  mutating func add(_ key: UnsafeRawBufferPointer, _ states: UnsafeMutableRawPointer) throws
}
