/// A statement and its parameters, `$1` and on, as text in PostgreSQL's own notation; nil is null.
struct PostgresStatement: Sendable {
  var sql: String
  var parameters: [String?]

  init(_ sql: String, _ parameters: [String?] = []) {
    self.sql = sql
    self.parameters = parameters
  }
}

/// What a statement has returned.
struct PostgresResult: Sendable {
  var columns: [String: Int] = [:]
  var values: [[String?]] = []
  /// Rows that an INSERT, UPDATE or DELETE has changed.
  var rowsChanged = 0

  var rows: [PostgresRow] { values.map { PostgresRow(columns: columns, values: $0) } }
}

struct PostgresRow: Sendable {
  let columns: [String: Int]
  let values: [String?]

  func value(_ column: String) -> String? { columns[column].flatMap { values[$0] } }
}

/// What went wrong between us and the database.
struct PostgresError: Error, Sendable, CustomStringConvertible {
  enum Kind: Sendable {
    /// The database has refused a statement; SQLSTATE says why.
    case statement(sqlState: String)
    /// There is no connection, or it has gone.
    case connection
  }

  var kind: Kind
  var description: String
  /// Nobody knows whether the transaction was carried out: the connection went after COMMIT had been sent.
  var mayBeDone = false

  /// Whether the same transaction may succeed on another connection, or a moment later.
  var isPassing: Bool {
    switch kind {
    case .connection: true
    case .statement(let state):
      // Class 08: connection; 57: an operator's intervention (57014 is a time limit); 40: deadlocks; 53: resources;
      // 25006: a standby; 55P03: a lock's time limit; 25P03: an idle transaction's.
      ["08", "57", "40", "53"].contains(state.prefix(2)) || ["25006", "55P03", "25P03", "25P04"].contains(state)
    }
  }

  /// Whether the connection has gone with it.
  var endsConnection: Bool {
    switch kind {
    case .connection: true
    case .statement(let state): state.hasPrefix("57P") || state.hasPrefix("08") || state.hasPrefix("25P0")
    }
  }
}

enum PostgresText {
  /// A text as an element of an array.
  static func quoted(_ text: String) -> String {
    var quoted: [UInt8] = [UInt8(ascii: "\"")]
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { quoted.append(UInt8(ascii: "\\")) }
      quoted.append(byte)
    }
    quoted.append(UInt8(ascii: "\""))
    return String(decoding: quoted, as: UTF8.self)
  }

  /// An array of texts, as a parameter.
  static func array(_ items: some Sequence<String>) -> String { "{" + items.map(quoted).joined(separator: ",") + "}" }

  static func array(_ items: some Sequence<Int>) -> String {
    "{" + items.map(String.init).joined(separator: ",") + "}"
  }

  /// Bytes, as a parameter of type bytea: any text, NUL too.
  static func bytes(_ text: String) -> String {
    let digits = Array("0123456789abcdef".utf8)
    let hexadecimal = text.utf8.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return "\\x" + String(decoding: hexadecimal, as: UTF8.self)
  }

  /// The text of the bytes that hexadecimal digits stand for, as `encode(…, 'hex')` writes them.
  static func text(hexadecimal: String) -> String {
    let digits = hexadecimal.utf8.map { $0 > 0x60 ? $0 - 0x57 : $0 - 0x30 }
    let decoded = stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    return String(decoding: decoded, as: UTF8.self)
  }
}
