import TallySchema

/// A group's place in the order that a job asks for, as bytes that compare as the groups shall.
///
/// Each column is a byte that puts nulls last, then its value, whose bits are turned where the order descends: text in the
/// form of ``KeyCodec`` with its separator behind it, numbers as integers with 28 places, their length before them. What is
/// left open is in the order of the group columns.
struct OrderKey {
  private enum Source {
    case groupField(Int)
    case aggregate(Int)
  }

  private let terms: [(source: Source, isDescending: Bool)]
  private let keyFields: Int
  private let aggregates: AggregatePlan
  private static let isPresent: UInt8 = 1
  private static let isNull: UInt8 = 2

  init(_ spec: JobSpec, _ plan: GroupingPlan) {
    keyFields = spec.groupBy.count
    aggregates = plan.aggregates
    terms = spec.orderBy.map { term in
      let place = spec.outputColumns.firstIndex(of: term.column) ?? 0
      let source: Source =
        place < spec.groupBy.count
        ? .groupField(place) : .aggregate(place - spec.groupBy.count)
      return (source, term.descending)
    }
  }

  /// The key's bytes.
  func bytes(_ key: UnsafeRawBufferPointer, _ states: UnsafeMutableRawPointer) -> [UInt8] {
    var bytes: [UInt8] = []
    for term in terms {
      let value: [UInt8]? =
        switch term.source {
        case .groupField(let index): OrderKey.field(index, of: key, fields: keyFields) + [KeyCodec.separator]
        case .aggregate(let index): OrderKey.value(aggregates.answer(index, states))
        }
      bytes.append(value == nil ? OrderKey.isNull : OrderKey.isPresent)
      if let value { bytes += term.isDescending ? value.map { ~$0 } : value }
    }
    bytes.append(OrderKey.isPresent)
    bytes += key
    return bytes
  }

  private static func field(_ index: Int, of key: UnsafeRawBufferPointer, fields: Int) -> [UInt8] {
    var start = 0
    for current in 0..<fields {
      let end = current == fields - 1 ? key.count : KeyCodec.fieldEnd(key, from: start)
      if current == index { return Array(key[start..<end]) }
      start = end + 1
    }
    return []
  }

  private static func value(_ answer: AggregateAnswer) -> [UInt8]? {
    switch answer {
    case .null: nil
    case .count(let count): bigEndian(count)
    case .decimal(let value, let scale): number(value, scale: scale)
    case .double(let value): double(value)
    case .text(let text):
      text.flatMap { $0 == KeyCodec.separator ? [$0, KeyCodec.escape] : [$0] } + [KeyCodec.separator]
    // Behind the largest; when it is printed, it is an error.
    case .tooLarge: [.max]
    }
  }

  private static func bigEndian(_ word: UInt64) -> [UInt8] { withUnsafeBytes(of: word.bigEndian) { Array($0) } }

  /// How many bytes the magnitude at 28 places has, counted up from 0x80 where the value is positive and down where it is
  /// negative, then these bytes, turned where it is negative: longer numbers are larger, and so compare as bytes.
  private static func number(_ value: Int256, scale: Int) -> [UInt8] {
    var magnitude = LongMagnitude(value.magnitude)
    magnitude.scale(byPowerOfTen: DecimalNumber.scaleLimit - scale)
    let bytes = magnitude.bigEndianBytes
    let count = UInt8(bytes.count)
    return value.isNegative ? [0x80 - count] + bytes.map { ~$0 } : [0x80 + count] + bytes
  }

  /// Negative numbers with all bits turned, others with the sign turned, compare as unsigned.
  private static func double(_ value: Double) -> [UInt8] {
    let bits = (value == 0 ? 0 : value).bitPattern
    return bigEndian(bits >> 63 == 1 ? ~bits : bits ^ 1 << 63)
  }
}
