#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A moment, in whole milliseconds since 1970-01-01 UTC; in JSON an RFC 3339 string in UTC with milliseconds.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
  public var milliseconds: Int64

  public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  /// The machine's clock.
  public static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
  }

  public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

  public static func + (moment: Timestamp, milliseconds: Int) -> Timestamp {
    Timestamp(milliseconds: moment.milliseconds + Int64(milliseconds))
  }

  /// `2026-01-31T23:59:59.123Z`
  public var description: String {
    let day = milliseconds.floorQuotient(86_400_000)
    let rest = milliseconds - day * 86_400_000
    let (year, month, date) = Timestamp.civil(fromDay: day)
    func padded(_ value: Int64, _ width: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, width - text.count)) + text
    }
    let time = [rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60].map { padded($0, 2) }.joined(separator: ":")
    return "\(padded(year, 4))-\(padded(month, 2))-\(padded(date, 2))T\(time).\(padded(rest % 1_000, 3))Z"
  }

  /// Reads RFC 3339 (section 5.6), with any offset and any number of decimals; nil for everything else.
  public init?(_ text: String) {
    let pattern = /(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))/
    guard let match = text.wholeMatch(of: pattern)?.output else { return nil }
    guard let year = Int64(match.1), let month = Int64(match.2), let date = Int64(match.3),
      let hour = Int64(match.4), let minute = Int64(match.5), let second = Int64(match.6),
      (1...12).contains(month), (1...31).contains(date), hour < 24, minute < 60, second <= 60
    else { return nil }
    let day = Timestamp.day(year: year, month: month, date: date)
    guard Timestamp.civil(fromDay: day) == (year, month, date) else { return nil }
    let fraction = Int64((match.7.map(String.init) ?? "").prefix(3).padded(to: 3)) ?? 0
    var offset: Int64 = 0
    if let sign = match.8, let hours = match.9.flatMap({ Int64($0) }), let minutes = match.10.flatMap({ Int64($0) }) {
      guard hours < 24, minutes < 60 else { return nil }
      offset = (sign == "-" ? -1 : 1) * (hours * 60 + minutes) * 60_000
    }
    milliseconds = day * 86_400_000 + (hour * 3_600 + minute * 60 + second) * 1_000 + fraction - offset
    // An offset can lead out of the years that four digits write.
    guard Timestamp.writable.contains(milliseconds) else { return nil }
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
  public init(json: JSONValue) throws {
    guard let text = json.string, let value = Timestamp(text) else {
      throw JSONFieldError(field: "", rule: "must be an RFC 3339 time such as \"2026-01-31T12:00:00Z\"")
    }
    self = value
  }
  public var json: JSONValue { .string(description) }
}

extension Int64 {
  fileprivate func floorQuotient(_ divisor: Int64) -> Int64 {
    self >= 0 ? self / divisor : -((-self + divisor - 1) / divisor)
  }
}

extension StringProtocol {
  fileprivate func padded(to width: Int) -> String { self + String(repeating: "0", count: Swift.max(0, width - count)) }
}
