public import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension JobStore {
  /// An owner's job of that ID; nil: there is none, or it is another owner's. The one place where a caller's ID and its
  /// owner are checked.
  ///
  /// - Throws: ``StoreUnavailable``.
  public func job(_ id: String, of owner: String) async throws -> JobRecord? {
    guard JobID.isPlausible(id), let job = try await job(id), job.owner.hasSameBytes(as: owner) else { return nil }
    return job
  }
}

/// The ID of a job: a UUID of version 7 (RFC 9562, section 5.7), so that IDs sort by the time of their making.
public enum JobID {
  public static func make(now: Timestamp) -> String {
    let random = randomWords()
    let head = UInt64(bitPattern: now.milliseconds) << 16 | 0x7000 | (random.0 >> 52)
    let tail = (random.1 & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
    return String(unsafeUninitializedCapacity: 36) { text in
      var length = 0
      for digit in 0..<32 {
        if [8, 12, 16, 20].contains(digit) {
          text[length] = UInt8(ascii: "-")
          length += 1
        }
        let value = UInt8(truncatingIfNeeded: (digit < 16 ? head : tail) >> UInt64(60 - digit % 16 * 4)) & 15
        text[length] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
        length += 1
      }
      return length
    }
  }

  /// Whether a text can be the ID of a job: ASCII letters, digits and `-`, 64 of them at most. No store is asked for others,
  /// and none keeps, hashes or compares them.
  public static func isPlausible(_ text: String) -> Bool {
    InputReference.isPlausibleID(text)
  }

  /// Both words by one system call, where Swift's generator takes one for each.
  private static func randomWords() -> (UInt64, UInt64) {
    var words = (UInt64.zero, UInt64.zero)
    #if canImport(Glibc)
      // Up to 256 bytes come whole, or not at all (getentropy(3)).
      if getentropy(&words, 16) == 0 { return words }
    #endif
    words = (.random(in: .min ... .max), .random(in: .min ... .max))
    return words
  }
}
