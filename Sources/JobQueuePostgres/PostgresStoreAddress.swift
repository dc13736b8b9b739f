/// The address of a store: a connection URI of libpq, with Tally's own parameters in its query.
///
/// `postgres://tally@db.example/tally?sslmode=verify-full&schema=tally&listen=false`
public struct PostgresStoreAddress: Sendable {
  /// As libpq takes it.
  var url: String
  /// The schema of the tables.
  public var schema: String
  /// Whether to hear of changes by LISTEN, which a pooler in transaction mode doesn't pass on.
  public var listens: Bool

  /// - Throws: ``BadStoreAddress``.
  public init(_ text: String) throws {
    guard text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") else {
      throw BadStoreAddress(description: "a PostgreSQL store is postgres://USER@HOST/DATABASE")
    }
    (schema, listens) = ("tally", true)
    guard let mark = text.firstIndex(of: "?") else {
      url = text
      return
    }
    var kept: [Substring] = []
    for part in text[text.index(after: mark)...].split(separator: "&") {
      if part.hasPrefix("schema=") {
        schema = String(part.dropFirst("schema=".count))
      } else if part.hasPrefix("listen=") {
        listens = part != "listen=false"
      } else {
        kept.append(part)
      }
    }
    url = text[..<mark] + (kept.isEmpty ? "" : "?" + kept.joined(separator: "&"))
    guard schema.wholeMatch(of: /[a-z_][a-z0-9_]{0,39}/) != nil else {
      throw BadStoreAddress(
        description: "the schema '\(schema)' must be of lower-case letters, digits and '_', at most 40 of them")
    }
  }

  /// The address without its password, for logs and messages.
  public var shown: String {
    let bare = url.prefix { $0 != "?" }
    guard let at = bare.lastIndex(of: "@"), let scheme = bare.firstIndex(of: ":") else { return String(bare) }
    let afterScheme = bare.index(scheme, offsetBy: 3)
    return String(bare[..<afterScheme] + bare[afterScheme..<at].prefix { $0 != ":" } + bare[at...])
  }
}

/// What is wrong with a store's address.
public struct BadStoreAddress: Error, CustomStringConvertible {
  public var description: String
}
