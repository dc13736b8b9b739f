import TallySchema

/// One value of a row, as its aggregates want it.
struct RowValue {
  var number = DecimalNumber(mantissa: 0, scale: 0)
  var double = 0.0
  /// Stays where it is until the row has been written.
  var text = UnsafeRawBufferPointer(start: nil, count: 0)
  var isNull = false
}

/// What is computed for each group: the states of its aggregates side by side in one piece of memory, and their form in
/// a partition's records. All zero bytes are the states of an empty group.
///
/// `@unchecked Sendable`: nothing changes after `init`, and `slots` is freed only by `deinit`.
final class AggregatePlan: @unchecked Sendable {
  enum Kind: UInt8 {
    case countRows, countValues, sum, average, least, greatest
    case sumDouble, averageDouble, leastDouble, greatestDouble
    case leastText, greatestText, first, last
    /// Counted before groups are made: a row itself has none.
    case countDistinct

    /// Whether the state points to bytes that stand elsewhere.
    var isText: Bool {
      switch self {
      case .leastText, .greatestText, .first, .last: true
      default: false
      }
    }
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
  /// Of a group's form in a record, at the most, but for its texts.
  let payloadBytesMost: Int
  /// How many of the slots have a text.
  let texts: Int

  /// - Parameter values: for each aggregate the number of its column among the row's values; nil: rows are counted.
  init(_ aggregates: [Aggregate], values: [Int?]) {
    slots = .allocate(capacity: aggregates.count)
    var (offset, payload, texts) = (0, 0, 0)
    for (index, aggregate) in aggregates.enumerated() {
      let kind = AggregatePlan.kind(aggregate, isOfRows: values[index] == nil)
      let size =
        switch kind {
        case .countRows, .countValues, .countDistinct: MemoryLayout<UInt64>.stride
        case .sum, .average: MemoryLayout<SumState>.stride
        case .least, .greatest: MemoryLayout<ExtremeState>.stride
        case .sumDouble, .averageDouble: DoubleSum.bytes
        case .leastDouble, .greatestDouble: MemoryLayout<DoubleExtreme>.stride
        case .leastText, .greatestText, .first, .last: MemoryLayout<TextState>.stride
        }
      payload += max(48, size + 16)
      if kind.isText { texts += 1 }
      slots.initializeElement(at: index, to: Slot(kind: kind, value: values[index] ?? 0, offset: offset))
      offset += (size + 15) / 16 * 16
    }
    stateBytes = offset
    payloadBytesMost = payload
    self.texts = texts
  }

  deinit { slots.deallocate() }

  private static func kind(_ aggregate: Aggregate, isOfRows: Bool) -> Kind {
    switch (aggregate.function, aggregate.type) {
    case (.count, _): isOfRows ? .countRows : .countValues
    case (.sum, .double): .sumDouble
    case (.sum, _): .sum
    case (.avg, .double): .averageDouble
    case (.avg, _): .average
    case (.min, .text): .leastText
    case (.min, .double): .leastDouble
    case (.min, .number): .least
    case (.max, .text): .greatestText
    case (.max, .double): .greatestDouble
    case (.max, .number): .greatest
    case (.countDistinct, _): .countDistinct
    case (.first, _): .first
    case (.last, _): .last
    }
  }

  /// Adds a row to a group's states, none of which is a text.
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
      case .sumDouble, .averageDouble:
        DoubleSum(at: state).add(values[slot.value].double)
      case .leastDouble, .greatestDouble:
        state.assumingMemoryBound(to: DoubleExtreme.self).pointee.add(
          values[slot.value].double, wantsLeast: slot.kind == .leastDouble)
      case .countDistinct, .leastText, .greatestText, .first, .last: break
      }
    }
  }
}
