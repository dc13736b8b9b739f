import CTallyPostgres

extension PostgresLink {
  /// Adds a statement to the pipeline.
  static func send(_ statement: PostgresStatement, _ connection: OpaquePointer?) -> Bool {
    let texts = statement.parameters.map { $0.map { Array($0.utf8CString) } }
    // One allocation for all values, with the places of each in it.
    var offsets: [Int?] = []
    var bytes: [CChar] = []
    for text in texts {
      offsets.append(text.map { _ in bytes.count })
      if let text { bytes += text }
    }
    return bytes.withUnsafeBufferPointer { bytes in
      let values = offsets.map { $0.flatMap { bytes.baseAddress?.advanced(by: $0) } }
      return PQsendQueryParams(connection, statement.sql, Int32(values.count), nil, values, nil, nil, 0) == 1
    }
  }

  static func read(_ result: OpaquePointer) -> PostgresResult {
    var read = PostgresResult()
    let columnCount = PQnfields(result)
    for column in 0..<columnCount { read.columns[String(cString: PQfname(result, column))] = Int(column) }
    for row in 0..<PQntuples(result) {
      read.values.append(
        (0..<columnCount).map { column in
          PQgetisnull(result, row, column) == 1 ? nil : String(cString: PQgetvalue(result, row, column))
        })
    }
    read.rowsChanged = Int(String(cString: PQcmdTuples(result))) ?? 0
    return read
  }

  static func failure(_ result: OpaquePointer) -> PostgresError {
    func field(_ code: Int32) -> String? { PQresultErrorField(result, code).map { String(cString: $0) } }
    let state = field(Int32(UInt8(ascii: "C"))) ?? ""
    let message = field(Int32(UInt8(ascii: "M"))) ?? String(cString: PQresultErrorMessage(result))
    // Without a state it is libpq that speaks: the connection has gone.
    if state.isEmpty { return PostgresError(kind: .connection, description: "PostgreSQL: \(line(message))") }
    let detail = field(Int32(UInt8(ascii: "D"))).map { " (\($0))" } ?? ""
    return PostgresError(
      kind: .statement(sqlState: state), description: "PostgreSQL: \(line(message))\(detail) [\(state)]")
  }

  static func line(_ text: String) -> String {
    text.split { $0 == "\n" || $0 == "\t" }.joined(separator: " ")
  }
}
