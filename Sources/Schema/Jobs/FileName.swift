/// The rule for names of inputs and outputs: relative, forward slashes, nothing that leaves the folder or is ours.
public enum FileName {
  /// The folder beside the data that is the server's own.
  public static let reservedFolder = ".tally"

  /// Whether the name is a pattern for several.
  public static func isPattern(_ name: String) -> Bool {
    name.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "[") }
  }

  /// The name's parts between its slashes.
  public static func parts(_ name: String) -> [String] {
    name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { String(Substring($0)) }
  }

  /// Whether a control character is in it: of ASCII, or of the C1 set (U+0080 to U+009F), which terminals obey as well.
  private static func hasControl(_ name: String) -> Bool {
    var before: UInt8 = 0
    for byte in name.utf8 {
      if byte < 0x20 || byte == 0x7F || (before == 0xC2 && byte < 0xA0) { return true }
      before = byte
    }
    return false
  }

  /// What is wrong with the name, as the end of a sentence; nil when nothing is.
  public static func problem(_ name: String) -> String? {
    if name.isEmpty { return "must not be empty" }
    if name.utf8.count > 1_024 { return "must not be longer than 1024 bytes" }
    if hasControl(name) { return "must not hold control characters" }
    // By bytes, as the system reads names: for Swift, a slash with a combining mark after it is no slash.
    if name.utf8.first == UInt8(ascii: "/") { return "must be relative to the data folder, not start with '/'" }
    let parts = FileName.parts(name)
    if parts.contains(where: { $0.isEmpty || $0.hasSameBytes(as: ".") || $0.hasSameBytes(as: "..") }) {
      return "must not hold '.', '..' or empty parts"
    }
    if parts.contains(where: { $0.utf8.count > 255 }) { return "must not hold a part longer than 255 bytes" }
    if parts[0].hasSameBytes(as: reservedFolder) {
      return "must not be in '\(reservedFolder)', which is the server's own"
    }
    return nil
  }
}
