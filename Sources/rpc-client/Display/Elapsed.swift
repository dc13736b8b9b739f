#if Server
  import TallySchema

  /// Times that have passed, for people.
  enum Elapsed {
    /// `1.6 s`, `2 min 5 s`, `3 h 20 min`.
    static func text(milliseconds: Int) -> String {
      let milliseconds = max(0, milliseconds)
      let tenths = milliseconds / 100
      if tenths < 600 { return "\(tenths / 10).\(tenths % 10) s" }
      let seconds = milliseconds / 1_000
      if seconds < 3_600 { return "\(seconds / 60) min \(seconds % 60) s" }
      return "\(seconds / 3_600) h \(seconds / 60 % 60) min"
    }

    /// How long a job has run; nil: it hasn't begun. Both times may be anybody's.
    static func milliseconds(_ status: JobStatus) -> Int? {
      guard let start = status.startedAt else { return nil }
      let end = status.finishedAt ?? .now
      let (difference, overflows) = end.milliseconds.subtractingReportingOverflow(start.milliseconds)
      return overflows ? nil : Int(max(0, difference))
    }
  }

  extension Int {
    /// With commas between groups of three digits: `8,649,148`.
    var grouped: String {
      let digits = Array(String(magnitude))
      var text = self < 0 ? "-" : ""
      for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
        text.append(digit)
      }
      return text
    }
  }
#endif
