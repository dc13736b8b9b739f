import Foundation
import TallySchema

/// The state of one aggregate of one group.
struct Accumulator {
  enum Value: Equatable {
    case row
    case null
    case number(Decimal, scale: Int)
    case double(Double)
  }

  private var count = 0
  private var total = Decimal(0)
  private var squares = Decimal(0)
  private var numbers: [Decimal] = []
  private var scale = 0
  private var least: Decimal?
  private var greatest: Decimal?
  private var texts: [[UInt8]] = []
  /// Of these tests' numbers, whose last bit is worth more than `2^-90`: exact.
  private var doubleTotal: Int128 = 0
  private var doubles: [Double] = []
  private var distinctNumbers: Set<Decimal> = []

  func isNull(_ aggregate: Aggregate) -> Bool {
    switch aggregate.function {
    case .count, .countDistinct: false
    case .variance: count < 2
    default: count == 0
    }
  }

  mutating func add(_ value: Value, text: [UInt8]) {
    if value != .null { texts.append(text) }
    if case .number(let number, _) = value { distinctNumbers.insert(number) }
    switch value {
    case .null: return
    case .row: count += 1
    case .number(let number, let scale):
      count += 1
      total += number
      squares += number * number
      numbers.append(number)
      self.scale = max(self.scale, scale)
      least = min(least ?? number, number)
      greatest = max(greatest ?? number, number)
    case .double(let number):
      count += 1
      doubleTotal += Int128(number * 0x1p90)
      doubles.append(number)
    }
  }

  func order(_ other: Accumulator, _ aggregate: Aggregate) -> Int {
    if aggregate.function == .count { return count < other.count ? -1 : count > other.count ? 1 : 0 }
    if aggregate.type == .text, aggregate.function != .countDistinct {
      let (a, b) = (bytes(aggregate), other.bytes(aggregate))
      return a == b ? 0 : a.lexicographicallyPrecedes(b) ? -1 : 1
    }
    if aggregate.type == .double {
      let (a, b) = (Double(text(aggregate)) ?? 0, Double(other.text(aggregate)) ?? 0)
      return a < b ? -1 : a > b ? 1 : 0
    }
    let (a, b) = (Decimal(string: text(aggregate)) ?? 0, Decimal(string: other.text(aggregate)) ?? 0)
    return a < b ? -1 : a > b ? 1 : 0
  }

  func bytes(_ aggregate: Aggregate) -> [UInt8] {
    switch (aggregate.function, aggregate.type) {
    case (.first, _): texts.first ?? []
    case (.last, _): texts.last ?? []
    case (.min, .text): texts.min { $0.lexicographicallyPrecedes($1) } ?? []
    case (.max, .text): texts.max { $0.lexicographicallyPrecedes($1) } ?? []
    default: Array(text(aggregate).utf8)
    }
  }

  func json(_ aggregate: Aggregate) -> JSONValue {
    if isNull(aggregate) { return .null }
    let isText = aggregate.type == .text && ![.count, .countDistinct].contains(aggregate.function)
    return isText ? .string(String(decoding: bytes(aggregate), as: UTF8.self)) : .number(text(aggregate))
  }

  func text(_ aggregate: Aggregate) -> String {
    if aggregate.type == .double, count > 0 {
      let extreme = aggregate.function == .min ? doubles.min() : aggregate.function == .max ? doubles.max() : nil
      return Accumulator.text(extreme ?? Double(doubleTotal) / 0x1p90)
    }
    return exactText(aggregate)
  }

  private func exactText(_ aggregate: Aggregate) -> String {
    switch aggregate.function {
    case .countDistinct: String(aggregate.type == .number ? distinctNumbers.count : Set(texts).count)
    case .first, .last: ""
    case .count: String(count)
    case .sum: count == 0 ? "" : Accumulator.text(total, places: scale)
    case .min: least.map { Accumulator.text($0, places: scale) } ?? ""
    case .max: greatest.map { Accumulator.text($0, places: scale) } ?? ""
    case .avg: count == 0 ? "" : rounded(total / Decimal(count))
    case .median: count == 0 ? "" : rounded(median)
    case .variance: count < 2 ? "" : rounded(variance / Decimal(count * (count - 1)))
    case .variancePop: count == 0 ? "" : rounded(variance / Decimal(count * count))
    }
  }

  /// What is divided: exact in 38 digits for the numbers of these tests.
  private var variance: Decimal { Decimal(count) * squares - total * total }

  private var median: Decimal {
    let sorted = numbers.sorted()
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
  }

  private func rounded(_ exact: Decimal) -> String {
    var exact = exact
    var rounded = Decimal()
    NSDecimalRound(&rounded, &exact, max(6, scale), .bankers)
    return rounded.isZero ? "0" : "\(rounded)"
  }

  /// The shortest text that reads back; a whole number without its `.0`, and zero without a sign.
  private static func text(_ value: Double) -> String {
    let text = "\(value == 0 ? 0 : value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  private static func text(_ value: Decimal, places: Int) -> String {
    var text = value.isZero ? "0" : "\(value)"
    if places == 0 { return text }
    if !text.contains(".") { text += "." }
    return text
      + String(repeating: "0", count: places - text.split(separator: ".", omittingEmptySubsequences: false)[1].count)
  }
}
