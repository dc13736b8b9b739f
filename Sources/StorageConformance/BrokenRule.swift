/// A rule that what is under test doesn't keep.
public struct BrokenRule: Error, CustomStringConvertible {
  public let description: String

  package init(_ rule: String, line: UInt) { description = "\(rule) (line \(line) of the suite)" }
}
