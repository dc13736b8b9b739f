import TallySchema

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
    guard let range, ifRange.map({ $0.hasSameBytes(as: eTag) }) ?? true else { return }
    let parts = HeaderText.parts(range, by: "=", most: 2)
    guard parts.count == 2, HeaderText.token(parts[0]) == "bytes" else { return }
    // No spaces are allowed inside a range, other than around its parts.
    let ends = parts[1].utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false).map(Substring.init)
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

/// A request's conditions on a representation by its strong tag (RFC 9110, sections 13.1.1 and 13.1.2): pure.
enum ETagCondition {
  /// Whether `If-None-Match` names it: any of a list, weak tags too, or `*`.
  static func isNamed(_ eTag: String, byNoneMatch field: String?) -> Bool {
    field.map { names(["*", eTag, "W/" + eTag], in: $0) } ?? false
  }

  /// Whether `If-Match` allows it: it isn't there, or names the tag, by strong comparison, or `*`.
  static func isAllowed(_ eTag: String, byMatch field: String?) -> Bool {
    field.map { names(["*", eTag], in: $0) } ?? true
  }

  private static func names(_ tags: [String], in field: String) -> Bool {
    HeaderText.parts(field, by: ",").contains { tags.containsBytes(of: $0) }
  }
}
