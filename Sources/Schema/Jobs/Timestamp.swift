#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A moment, in whole milliseconds since 1970-01-01 UTC; in JSON an RFC 3339 string in UTC with milliseconds.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Since the beginning of 1970 in UTC.
  public var milliseconds: Int64

  /// A moment so many milliseconds after the beginning of 1970 in UTC.
  public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  /// The machine's clock.
  public static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
  }

  /// The earlier comes first.
  public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

  /// So many milliseconds later.
  public static func + (moment: Timestamp, milliseconds: Int) -> Timestamp {
    Timestamp(milliseconds: moment.milliseconds + Int64(milliseconds))
  }

  /// `2026-01-31T23:59:59.123Z`
  public var description: String {
    let day = milliseconds.floorQuotient(86_400_000)
    let rest = milliseconds - day * 86_400_000
    let (year, month, date) = Timestamp.civil(fromDay: day)
    var text: [UInt8] = []
    text.reserveCapacity(24)
    for (value, width, end) in [
      (year, 4, "-"), (month, 2, "-"), (date, 2, "T"), (rest / 3_600_000, 2, ":"), (rest / 60_000 % 60, 2, ":"),
      (rest / 1_000 % 60, 2, "."), (rest % 1_000, 3, "Z"),
    ] as [(Int64, Int, StaticString)] {
      var divisor: Int64 = width == 4 ? 1_000 : width == 3 ? 100 : 10
      while divisor > 0 {
        text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
        divisor /= 10
      }
      text.append(end.utf8Start.pointee)
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Reads RFC 3339 (section 5.6), with any offset and any number of decimals; nil for everything else.
  public init?(_ text: String) {
    var reader = DigitReader(left: text.utf8[...])
    guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"),
      let date = reader.number(2), reader.take("T") || reader.take("t"), let hour = reader.number(2), reader.take(":"),
      let minute = reader.number(2), reader.take(":"), let second = reader.number(2),
      (1...12).contains(month), (1...31).contains(date), hour < 24, minute < 60, second <= 60
    else { return nil }
    let day = Timestamp.day(year: year, month: month, date: date)
    guard Timestamp.civil(fromDay: day) == (year, month, date) else { return nil }
    var fraction: Int64 = 0
    if reader.take(".") {
      guard let thousandths = reader.thousandths() else { return nil }
      fraction = thousandths
    }
    guard let offset = reader.offset(), reader.left.isEmpty else { return nil }
    milliseconds = day * 86_400_000 + (hour * 3_600 + minute * 60 + second) * 1_000 + fraction - offset
    if second == 60, !Timestamp.endsHalfYear(milliseconds - fraction) { return nil }
    // An offset can lead out of the years that four digits write.
    guard Timestamp.writable.contains(milliseconds) else { return nil }
  }

  /// Whether the moment is the first of January or July, UTC: the second before, which is called :60, exists there alone
  /// (RFC 3339, section 5.7 and appendix D).
  private static func endsHalfYear(_ milliseconds: Int64) -> Bool {
    let day = milliseconds.floorQuotient(86_400_000)
    let (_, month, date) = civil(fromDay: day)
    return day * 86_400_000 == milliseconds && date == 1 && (month == 1 || month == 7)
  }

  /// From the first to the last millisecond of the years 0000 to 9999, which RFC 3339 can write.
  private static let writable: ClosedRange<Int64> = -62_167_219_200_000...253_402_300_799_999

  /// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
  private static func day(year: Int64, month: Int64, date: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted.floorQuotient(400)
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + date - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// The same paper, civil_from_days.
  private static func civil(fromDay day: Int64) -> (Int64, Int64, Int64) {
    let shifted = day + 719_468
    let era = shifted.floorQuotient(146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
  }
}

extension Timestamp: JSONConvertible {
  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    guard let text = json.string, let value = Timestamp(text) else {
      throw JSONFieldError(field: "", rule: "must be an RFC 3339 time such as \"2026-01-31T12:00:00Z\"")
    }
    self = value
  }
  /// The JSON form.
  public var json: JSONValue { .string(description) }
}

extension Int64 {
  fileprivate func floorQuotient(_ divisor: Int64) -> Int64 {
    self >= 0 ? self / divisor : -((-self + divisor - 1) / divisor)
  }
}

/// Reads a time's parts. By hand: a regular expression has to be compiled first, which takes milliseconds.
private struct DigitReader {
  var left: Substring.UTF8View

  mutating func take(_ letter: Unicode.Scalar) -> Bool {
    guard left.first == UInt8(ascii: letter) else { return false }
    left.removeFirst()
    return true
  }

  mutating func digit() -> Int64? {
    guard let first = left.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return nil }
    left.removeFirst()
    return Int64(first - UInt8(ascii: "0"))
  }

  mutating func number(_ digits: Int) -> Int64? {
    var number: Int64 = 0
    for _ in 0..<digits {
      guard let digit = digit() else { return nil }
      number = number * 10 + digit
    }
    return number
  }

  /// One digit at least; those behind the third are left out.
  mutating func thousandths() -> Int64? {
    guard var number = digit() else { return nil }
    var count = 1
    while let digit = digit() {
      if count < 3 { number = number * 10 + digit }
      count += 1
    }
    while count < 3 { (number, count) = (number * 10, count + 1) }
    return number
  }

  /// `Z` or `+hh:mm`, in milliseconds.
  mutating func offset() -> Int64? {
    if take("Z") || take("z") { return 0 }
    let isBehind = take("-")
    guard isBehind || take("+"), let hours = number(2), take(":"), let minutes = number(2), hours < 24, minutes < 60
    else { return nil }
    return (isBehind ? -1 : 1) * (hours * 60 + minutes) * 60_000
  }
}
