/// A file that a run reads.
public struct InputReading: Hashable, Sendable {
  public var name: String
  /// Which file has the name, however it is called later, the same text on every machine; nil: none had it.
  public var identity: String?
  /// Whether a pattern has found it, and not its own name: then it is left out where another job is to write it.
  public var isMatched: Bool

  public init(name: String, identity: String?, isMatched: Bool = false) {
    self.name = name
    self.identity = identity
    self.isMatched = isMatched
  }
}
