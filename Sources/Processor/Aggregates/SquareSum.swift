/// The exact sums of decimal numbers and of their squares, in a group's memory. All zero bytes are those of nothing.
///
/// A number has at most 66 digits when its point is moved 28 places, and its square 132, which are 439 bits: 512 bits hold the
/// sum of more squares than a count of 64 bits can count.
struct SquareSum {
  private static let limbs = 8
  /// Behind the squares: their scale is twice this.
  private static let scaleOffset = limbs * 8
  private static let sumOffset = scaleOffset + 16
  static var bytes: Int { sumOffset + MemoryLayout<SumState>.stride }

  private let state: UnsafeMutableRawPointer
  private var words: UnsafeMutablePointer<UInt64> { state.assumingMemoryBound(to: UInt64.self) }

  /// - Parameter state: of ``bytes``, aligned to 16.
  init(at state: UnsafeMutableRawPointer) { self.state = state }

  /// Of the numbers, and how many they are.
  var sum: SumState { sumPointer.pointee }

  private var scale: UInt8 {
    get { state.load(fromByteOffset: SquareSum.scaleOffset, as: UInt8.self) }
    nonmutating set { state.storeBytes(of: newValue, toByteOffset: SquareSum.scaleOffset, as: UInt8.self) }
  }

  /// At twice the sum's scale.
  var squares: LongMagnitude { LongMagnitude(limbs: (0..<SquareSum.limbs).map { words[$0] }) }

  func add(_ number: DecimalNumber) {
    sumPointer.pointee.add(number)
    let (high, low) = number.mantissa.magnitude.multipliedFullWidth(by: number.mantissa.magnitude)
    withTerm { term in
      term[0] = UInt64(truncatingIfNeeded: low)
      term[1] = UInt64(truncatingIfNeeded: low >> 64)
      term[2] = UInt64(truncatingIfNeeded: high)
      term[3] = UInt64(truncatingIfNeeded: high >> 64)
      add(term, scale: number.scale)
    }
  }

  private var sumPointer: UnsafeMutablePointer<SumState> {
    (state + SquareSum.sumOffset).assumingMemoryBound(to: SumState.self)
  }

  private func withTerm(_ body: (UnsafeMutablePointer<UInt64>) -> Void) {
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: SquareSum.limbs) { term in
      term.initialize(repeating: 0)
      body(term.baseAddress!)
    }
  }

  /// Adds squares of numbers at that scale. The term is changed.
  private func add(_ term: UnsafeMutablePointer<UInt64>, scale new: UInt8) {
    if new > scale {
      SquareSum.scale(words, byPowerOfTen: 2 * Int(new - scale))
      scale = new
    } else if new < scale {
      SquareSum.scale(term, byPowerOfTen: 2 * Int(scale - new))
    }
    var carry: UInt64 = 0
    for index in 0..<SquareSum.limbs {
      let (first, overflowed) = words[index].addingReportingOverflow(term[index])
      let (sum, overflowedAgain) = first.addingReportingOverflow(carry)
      words[index] = sum
      carry = overflowed || overflowedAgain ? 1 : 0
    }
  }

  private static func scale(_ limbs: UnsafeMutablePointer<UInt64>, byPowerOfTen power: Int) {
    var left = power
    while left > 0 {
      let step = min(left, PowersOfTen.word.count - 1)
      var carry: UInt64 = 0
      for index in 0..<SquareSum.limbs {
        let (high, low) = limbs[index].multipliedFullWidth(by: PowersOfTen.word[step])
        let (sum, overflow) = low.addingReportingOverflow(carry)
        (limbs[index], carry) = (sum, high &+ (overflow ? 1 : 0))
      }
      left -= step
    }
  }

  /// `[limbs in use][scale][limbs]`, then the form of the sum.
  func write(_ output: inout UnsafeMutableRawPointer) {
    let used = (0..<SquareSum.limbs).last { words[$0] != 0 }.map { $0 + 1 } ?? 0
    KeyCodec.appendByte(UInt8(used), &output)
    KeyCodec.appendByte(scale, &output)
    for index in 0..<used {
      output.storeBytes(of: words[index], as: UInt64.self)
      output += 8
    }
    DecimalSumState.write(state + SquareSum.sumOffset, &output)
  }

  /// Adds a form that ``write(_:)`` has written.
  func merge(_ input: inout UnsafeRawPointer) {
    let used = Int(input.load(as: UInt8.self))
    let scale = input.load(fromByteOffset: 1, as: UInt8.self)
    input += 2
    withTerm { term in
      for index in 0..<used { term[index] = input.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self) }
      add(term, scale: scale)
    }
    input += 8 * used
    DecimalSumState.merge(&input, into: state + SquareSum.sumOffset)
  }
}

/// A ``SquareSum`` as an aggregate's state.
enum SquareSumState: AggregateState {
  static var bytes: Int { SquareSum.bytes }

  static func add(_ value: UnsafePointer<RowValue>, position: UInt64, to state: UnsafeMutableRawPointer) {
    SquareSum(at: state).add(value.pointee.number)
  }

  static func write(_ state: UnsafeMutableRawPointer, _ output: inout UnsafeMutableRawPointer) {
    SquareSum(at: state).write(&output)
  }

  static func merge(_ input: inout UnsafeRawPointer, into state: UnsafeMutableRawPointer) {
    SquareSum(at: state).merge(&input)
  }
}
