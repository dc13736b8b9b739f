/// Groups by number, as many as a table holds, so that a record needn't have a long key.
///
/// `@unchecked Sendable`: groups are added by one thread, before any other has the object.
final class NumberedGroups: @unchecked Sendable {
  private var table: GroupTable

  init(budget: MemoryBudget) throws(BudgetExceeded) { table = try GroupTable(stateBytes: 0, budget: budget) }

  /// Those that a sample of the input has more than once: most rows of an input with few groups are theirs.
  ///
  /// - Parameter keys: of the sample's rows, in any order.
  convenience init(sample keys: [[UInt8]], budget: MemoryBudget) throws(BudgetExceeded) {
    try self.init(budget: budget)
    var previous: [UInt8]?
    for key in keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      if key == previous, key.count > DistinctRecord.repeatedKeyBytesMost {
        // When there is no room, the rest has no number.
        _ = key.withUnsafeBytes { number(adding: $0) }
      }
      previous = key
    }
  }

  /// Nil: the group has none.
  @inline(__always)
  func number(of key: UnsafeRawBufferPointer) -> Int? { table.count == 0 ? nil : table.find(key) }

  /// Nil: there is no room for another group.
  func number(adding key: UnsafeRawBufferPointer) -> Int? { table.number(adding: key) }

  func key(of number: Int) -> UnsafeRawBufferPointer { table.key(of: number) }
}
