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
/// `@unchecked Sendable`: nothing changes after `init`, and the buffers are freed only by `deinit`.
final class AggregatePlan: @unchecked Sendable {
  /// How a row is added to a state: what nearly every job asks for, without a call.
  enum Path: UInt8 {
    case rows, count, sum, other
    /// Rows aren't added at all, but what was found in them afterwards.
    case afterwards
  }

  struct Slot {
    var state: any AggregateState.Type
    var path: Path
    var hasText: Bool
    /// Which of the row's values; unused where rows are counted.
    var value: Int
    /// Of the state, in bytes.
    var offset: Int
  }

  let slots: UnsafeMutableBufferPointer<Slot>
  /// One for each slot.
  let functions: UnsafeMutableBufferPointer<any AggregateFunction>
  /// Of all states of a group.
  let stateBytes: Int
  /// Of a group's form in a record, at the most, but for its texts.
  let payloadBytesMost: Int
  /// How many of the slots have a text.
  let texts: Int

  /// - Parameter values: for each function the number of its column among the row's values; nil: rows are counted.
  init(_ functions: [any AggregateFunction], values: [Int?]) {
    self.functions = .allocate(capacity: functions.count)
    _ = self.functions.initialize(fromContentsOf: functions)
    slots = .allocate(capacity: functions.count)
    var (offset, payload, texts) = (0, 0, 0)
    for (index, function) in functions.enumerated() {
      let state = function.state
      payload += max(48, state.bytes + 16)
      if state.hasText { texts += 1 }
      slots.initializeElement(
        at: index,
        to: Slot(
          state: state, path: AggregatePlan.path(function, isOfRows: values[index] == nil), hasText: state.hasText,
          value: values[index] ?? 0, offset: offset))
      offset += (state.bytes + 15) / 16 * 16
    }
    stateBytes = offset
    payloadBytesMost = payload
    self.texts = texts
  }

  deinit {
    slots.deallocate()
    functions.deinitialize().deallocate()
  }

  private static func path(_ function: any AggregateFunction, isOfRows: Bool) -> Path {
    guard function.source == .rows else { return .afterwards }
    if isOfRows { return .rows }
    if function.state == CountState.self { return .count }
    return function.state == DecimalSumState.self ? .sum : .other
  }

  /// Adds a row to a group's states, none of which is a text.
  @inline(__always)
  func add(_ values: UnsafePointer<RowValue>, to states: UnsafeMutableRawPointer) {
    for slot in slots {
      let state = states + slot.offset
      let value = values + slot.value
      if slot.path != .rows, value.pointee.isNull { continue }
      switch slot.path {
      case .rows, .count: CountState.add(value, position: 0, to: state)
      case .sum: DecimalSumState.add(value, position: 0, to: state)
      case .other: slot.state.add(value, position: 0, to: state)
      case .afterwards: break
      }
    }
  }

  /// Writes the form of a single row.
  ///
  /// - Parameter position: of the row in the order of the files.
  @inline(__always)
  func write(row values: UnsafePointer<RowValue>, position: UInt64, _ output: inout UnsafeMutableRawPointer) {
    for slot in slots {
      let value = values + slot.value
      switch slot.path {
      case .rows: ByteCursor.writeVarint(1, &output)
      case .count: ByteCursor.writeVarint(value.pointee.isNull ? 0 : 1, &output)
      case .sum: DecimalSumState.write(row: value, position: position, &output)
      case .other: slot.state.write(row: value, position: position, &output)
      case .afterwards: slot.state.writeEmpty(&output)
      }
    }
  }

  /// Writes the form of a group's states.
  func write(states: UnsafeMutableRawPointer, _ output: inout UnsafeMutableRawPointer) {
    for slot in slots {
      let state = states + slot.offset
      switch slot.path {
      case .rows, .count: CountState.write(state, &output)
      case .sum: DecimalSumState.write(state, &output)
      case .other, .afterwards: slot.state.write(state, &output)
      }
    }
  }

  /// Adds a record's form to a group's states. Texts are left where they stand in the record.
  @inline(__always)
  func merge(_ input: inout UnsafeRawPointer, into states: UnsafeMutableRawPointer) {
    for slot in slots {
      let state = states + slot.offset
      switch slot.path {
      case .rows, .count: CountState.merge(&input, into: state)
      case .sum: DecimalSumState.merge(&input, into: state)
      case .other, .afterwards: slot.state.merge(&input, into: state)
      }
    }
  }

  /// What a function answers for a group with these states.
  @inline(__always)
  func answer(_ index: Int, _ states: UnsafeMutableRawPointer) -> AggregateAnswer {
    functions[index].answer(states + slots[index].offset)
  }
}
