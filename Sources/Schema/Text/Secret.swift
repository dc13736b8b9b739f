/// A text that is never printed: a description, a dump or a log of whatever holds it shows that it is there, and no more.
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The text itself, for whoever sends or compares it.
  public let text: String

  /// A secret with this text.
  public init(_ text: String) { self.text = text }

  /// Shows nothing of it.
  public var description: String { "…" }
  /// The same as ``description``.
  public var debugDescription: String { "…" }
  /// Shows nothing of it.
  public var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}
