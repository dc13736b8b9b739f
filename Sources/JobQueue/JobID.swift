public import Schema

/// The ID of a job: a UUID of version 7 (RFC 9562, section 5.7), so that IDs sort by the time of their making.
public enum JobID {
  public static func make(now: Timestamp) -> String {
    let random = UInt64.random(in: .min ... .max)
    let head = UInt64(bitPattern: now.milliseconds) << 16 | 0x7000 | (random >> 52)
    let tail = (UInt64.random(in: .min ... .max) & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
    let digits = hexadecimal(head) + hexadecimal(tail)
    var text = ""
    for (index, digit) in digits.enumerated() {
      if [8, 12, 16, 20].contains(index) { text.append("-") }
      text.append(digit)
    }
    return text
  }

  private static func hexadecimal(_ word: UInt64) -> String {
    let text = String(word, radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
  }
}
