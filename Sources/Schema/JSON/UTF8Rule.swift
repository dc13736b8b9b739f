/// Well-formed UTF-8 as the Unicode Standard's table 3-7 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
public enum UTF8Rule {
  /// The length in bytes (1 to 4) of the well-formed sequence at the start, 0 where there is none.
  public static func sequenceLength(_ bytes: ArraySlice<UInt8>) -> Int {
    guard let lead = bytes.first else { return 0 }
    func continuation(_ offset: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
      bytes.count > offset && range.contains(bytes[bytes.startIndex + offset])
    }
    switch lead {
    case 0x00...0x7F: return 1
    case 0xC2...0xDF: return continuation(1) ? 2 : 0
    case 0xE0: return continuation(1, 0xA0...0xBF) && continuation(2) ? 3 : 0
    case 0xED: return continuation(1, 0x80...0x9F) && continuation(2) ? 3 : 0
    case 0xE1...0xEF: return continuation(1) && continuation(2) ? 3 : 0
    case 0xF0: return continuation(1, 0x90...0xBF) && continuation(2) && continuation(3) ? 4 : 0
    case 0xF1...0xF3: return continuation(1) && continuation(2) && continuation(3) ? 4 : 0
    case 0xF4: return continuation(1, 0x80...0x8F) && continuation(2) && continuation(3) ? 4 : 0
    default: return 0
    }
  }

  /// Whether the bytes are well-formed UTF-8 (RFC 3629).
  public static func isValid(_ bytes: ArraySlice<UInt8>) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
      let length = sequenceLength(rest)
      if length == 0 { return false }
      rest = rest.dropFirst(length)
    }
    return true
  }
}
