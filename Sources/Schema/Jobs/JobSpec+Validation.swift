extension JobSpec {
  /// Checks what needs no file: names that must differ, and ranges.
  ///
  /// - Parameter limits: the server's.
  /// - Throws: ``JSONFieldError``.
  public func validate(limits: Limits) throws {
    if inputs.isEmpty { throw JSONFieldError(field: "input", rule: "must name a file") }
    if inputs.count > limits.inputFiles {
      throw JSONFieldError(field: "input", rule: "must not name more than \(limits.inputFiles) files (inputFiles)")
    }
    for name in inputs {
      if let problem = InputReference.problem(name) { throw JSONFieldError(field: "input", rule: problem) }
    }
    if let problem = output.flatMap(InputReference.problem(ofNew:)) {
      throw JSONFieldError(field: "output", rule: problem)
    }
    var names: Set<UTF8Key> = []
    for name in inputs where !names.insert(UTF8Key(name)).inserted {
      throw JSONFieldError(field: "input", rule: "names '\(Excerpt.of(name))' twice")
    }
    if onBadRow == .collect, output == nil {
      throw JSONFieldError(
        field: "onBadRow", rule: "must not be 'collect' without an 'output', beside which the bad rows are written")
    }
    if let problem = rejectsName.flatMap(FileName.problem) {
      throw JSONFieldError(field: "output", rule: "with .rejects.csv behind it \(problem)")
    }
    if outputs.contains(where: { names.contains(UTF8Key($0)) }) {
      throw JSONFieldError(field: "output", rule: "must not be the input")
    }
    if groupBy.isEmpty && aggregates.isEmpty {
      throw JSONFieldError(field: "groupBy", rule: "and 'aggregates' must not both be empty")
    }
    if outputColumns.count > limits.columns {
      throw JSONFieldError(field: "aggregates", rule: "make more output columns than \(limits.columns) (columns)")
    }
    var seen: Set<UTF8Key> = []
    for column in groupBy where !seen.insert(UTF8Key(column)).inserted {
      throw JSONFieldError(field: "groupBy", rule: "names the column '\(Excerpt.of(column))' twice")
    }
    for aggregate in aggregates where !seen.insert(UTF8Key(aggregate.name)).inserted {
      throw JSONFieldError(
        field: "aggregates",
        rule: "make two output columns named '\(Excerpt.of(aggregate.name))'; give one of them another 'as'")
    }
    try validateOrder()
    if memoryBytes < limits.memoryBytesLeast {
      throw JSONFieldError(
        field: "memoryBytes", rule: "must be at least \(limits.memoryBytesLeast) (memoryBytesLeast), not \(memoryBytes)"
      )
    }
    if maxBadRows < 0 { throw JSONFieldError(field: "maxBadRows", rule: "must not be negative") }
    if !(-100...100).contains(priority) { throw JSONFieldError(field: "priority", rule: "must be from -100 to 100") }
  }

  private func validateOrder() throws {
    let known = Set(outputColumns.map(UTF8Key.init))
    var seen: Set<UTF8Key> = []
    for (index, term) in orderBy.enumerated() {
      if !known.contains(UTF8Key(term.column)) {
        throw JSONFieldError(
          field: "orderBy.\(index).column",
          rule: "'\(Excerpt.of(term.column))' is no output column; they are \(Excerpt.list(outputColumns))")
      }
      if !seen.insert(UTF8Key(term.column)).inserted {
        throw JSONFieldError(field: "orderBy.\(index).column", rule: "names '\(Excerpt.of(term.column))' twice")
      }
    }
    if let limit, limit < 1 { throw JSONFieldError(field: "limit", rule: "must be at least 1, not \(limit)") }
  }
}
