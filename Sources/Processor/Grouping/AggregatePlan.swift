import Schema

/// One value of a row, as its aggregates want it.
struct RowValue {
  var number = DecimalNumber(mantissa: 0, scale: 0)
  var isNull = false
}

/// What is computed for each group: the states of its aggregates side by side in one piece of memory, and their form in
/// a partition's records. All zero bytes are the states of an empty group.
///
/// `@unchecked Sendable`: nothing changes after `init`, and `slots` is freed only by `deinit`.
final class AggregatePlan: @unchecked Sendable {
  enum Kind: UInt8 {
    case countRows, countValues, sum, average, least, greatest
  }

  struct Slot {
    var kind: Kind
    /// Which of the row's values; unused for `countRows`.
    var value: Int
    /// Of the state, in bytes.
    var offset: Int
  }

  let slots: UnsafeMutableBufferPointer<Slot>
  /// Of all states of a group.
  let stateBytes: Int
  /// Of a group's form in a record, at the most.
  var payloadBytesMost: Int { slots.count * 48 }

  /// - Parameter values: for each aggregate the number of its column among the row's values; nil: rows are counted.
  init(_ aggregates: [Aggregate], values: [Int?]) {
    slots = .allocate(capacity: aggregates.count)
    var offset = 0
    for (index, aggregate) in aggregates.enumerated() {
      let kind = AggregatePlan.kind(aggregate, isOfRows: values[index] == nil)
      let size =
        switch kind {
        case .countRows, .countValues: MemoryLayout<UInt64>.stride
        case .sum, .average: MemoryLayout<SumState>.stride
        case .least, .greatest: MemoryLayout<ExtremeState>.stride
        }
      slots.initializeElement(at: index, to: Slot(kind: kind, value: values[index] ?? 0, offset: offset))
      offset += (size + 15) / 16 * 16
    }
    stateBytes = offset
  }

  deinit { slots.deallocate() }

  private static func kind(_ aggregate: Aggregate, isOfRows: Bool) -> Kind {
    switch aggregate.function {
    case .count: isOfRows ? .countRows : .countValues
    case .sum: .sum
    case .avg: .average
    case .min: .least
    case .max: .greatest
    }
  }

  /// Adds a row to a group's states.
  @inline(__always)
  func add(_ values: UnsafePointer<RowValue>, to states: UnsafeMutableRawPointer) {
    for slot in slots {
      let state = states + slot.offset
      let isNull = slot.kind != .countRows && values[slot.value].isNull
      if isNull { continue }
      let number = values[slot.value].number
      switch slot.kind {
      case .countRows, .countValues: state.assumingMemoryBound(to: UInt64.self).pointee &+= 1
      case .sum, .average: state.assumingMemoryBound(to: SumState.self).pointee.add(number)
      case .least, .greatest:
        state.assumingMemoryBound(to: ExtremeState.self).pointee.add(
          number, largestScale: number.scale, wantsLeast: slot.kind == .least)
      }
    }
  }
}
