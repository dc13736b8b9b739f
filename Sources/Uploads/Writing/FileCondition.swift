/// What a request to write a file says of the file that has its name (RFC 9110, section 13.1): pure. Where it says nothing, no
/// file may have it: nothing is replaced by mistake.
public struct FileCondition: Hashable, Sendable {
  public enum Decision: Hashable, Sendable {
    case make
    case replace
    /// There is a file, and the request doesn't allow for it.
    case refuseThere
    /// The file that the request names isn't there, or is another.
    case refuseChanged
  }

  private let match: [String]?
  private let noneMatch: [String]?

  /// - Parameters:
  ///   - match: the tags of `If-Match`, or `*`.
  ///   - noneMatch: those of `If-None-Match`.
  public init(match: [String]?, noneMatch: [String]?) {
    self.match = match
    self.noneMatch = noneMatch ?? (match == nil ? ["*"] : nil)
  }

  /// - Parameter eTag: of the file that has the name; nil: none has.
  public func decide(eTag: String?) -> Decision {
    if let match {
      guard let eTag, match.contains(where: { Array($0.utf8) == [0x2A] || $0.utf8.elementsEqual(eTag.utf8) }) else {
        return .refuseChanged
      }
    }
    guard let eTag else { return .make }
    if let noneMatch {
      // By weak comparison (RFC 9110, section 13.1.2).
      let named = noneMatch.contains { tag in
        Array(tag.utf8) == [0x2A] || tag.utf8.elementsEqual(eTag.utf8) || tag.utf8.elementsEqual("W/\(eTag)".utf8)
      }
      if named { return .refuseThere }
    }
    return .replace
  }
}
