/// Which bytes of a representation a request asks for (RFC 9110, section 14): pure.
enum ByteRange: Hashable {
  case whole
  /// Never empty.
  case part(Range<Int>)
  /// Nothing of what there is.
  case unsatisfiable

  /// Reads `Range`, of which only one range of bytes is served: several ranges, other units and what makes no sense get the
  /// whole, as the section allows.
  ///
  /// - Parameters:
  ///   - ifRange: `If-Range`: the part is wanted only of this very representation, by a strong tag.
  ///   - bytes: of the whole.
  init(_ range: String?, ifRange: String?, eTag: String, bytes: Int) {
    self = .whole
    guard let range, ifRange == nil || ifRange == eTag else { return }
    let parts = range.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].trimmed.lowercased() == "bytes" else { return }
    let ends = parts[1].trimmed.split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count == 2, let first = ByteRange.position(ends[0]), let last = ByteRange.position(ends[1]) else {
      return
    }
    switch (first, last) {
    case (nil, nil): return
    case (nil, let count?):
      // The last so many.
      self = count == 0 || bytes == 0 ? .unsatisfiable : .part(max(0, bytes - count)..<bytes)
    case (let first?, let last):
      if let last, last < first { return }
      self = first >= bytes ? .unsatisfiable : .part(first..<(min(last ?? .max, bytes - 1) + 1))
    }
  }

  /// - Returns: nil for what is no number; a nil inside for nothing at all. What is larger than any file is the largest.
  private static func position(_ text: Substring) -> Int?? {
    if text.isEmpty { return .some(nil) }
    guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
    return .some(Int(text) ?? .max)
  }
}

/// Whether an `If-None-Match` names a representation (RFC 9110, section 13.1.2): any of a list, weak tags too, or `*`.
func isNamed(_ eTag: String, by ifNoneMatch: String?) -> Bool {
  guard let ifNoneMatch else { return false }
  return ifNoneMatch.split(separator: ",").contains { part in
    let tag = part.trimmed
    return tag == "*" || tag == eTag || tag == "W/" + eTag
  }
}
