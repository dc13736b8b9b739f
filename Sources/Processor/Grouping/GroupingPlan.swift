import TallySchema

/// A job's question in terms of one file's columns.
struct GroupingPlan: Sendable {
  /// The number of columns that every row must have.
  let columns: Int
  /// The group columns, in the order asked.
  let groupColumns: [Int]
  let groupNames: [String]
  /// The columns whose values are looked at, each once.
  let valueColumns: [ValueColumn]
  let aggregates: AggregatePlan
  /// The aggregates that count different values, by their places among all.
  let distincts: [Distinct]
  /// The aggregates that need their numbers in order.
  let ordered: [Ordered]
  /// Rows alone don't answer every aggregate.
  let needsSecondRound: Bool
  let filter: RowMatcher?
  let nulls: TextSet
  let numbers: NumberFormat
  let trims: Bool

  struct ValueColumn: Sendable {
    var index: Int
    var name: String
    var isNumber = false
    var isDouble = false
    /// Any text is a value.
    var isText = false
  }

  struct Ordered: Sendable {
    var slot: Int
    /// Which of the row's values.
    var value: Int
  }

  struct Distinct: Sendable {
    var slot: Int
    /// Which of the row's values.
    var value: Int
    /// Numbers that are equal are one value, however they are written.
    var isNumber: Bool
  }

  /// - Throws: ``JobFailure`` when a column isn't there.
  init(_ spec: JobSpec, header: CSVHeader, file: String) throws(JobFailure) {
    columns = header.names.count
    var groups: [Int] = []
    let index = HeaderIndex(header)
    for name in spec.groupBy { groups.append(try index.place(of: name, file: file)) }
    var values: [ValueColumn] = []
    /// Which of the values is a column's.
    var known: [Int: Int] = [:]
    var places: [Int?] = []
    var distincts: [Distinct] = []
    var ordered: [Ordered] = []
    let functions = spec.aggregates.map { $0.makeFunction() }
    for (slot, aggregate) in spec.aggregates.enumerated() {
      guard let name = aggregate.column else {
        places.append(nil)
        continue
      }
      let column = try index.place(of: name, file: file)
      let place = known[column] ?? values.count
      if place == values.count {
        known[column] = place
        values.append(ValueColumn(index: column, name: name))
      }
      switch aggregate.type {
      case .number: values[place].isNumber = true
      case .double: values[place].isDouble = true
      case .text: values[place].isText = true
      }
      places.append(place)
      if functions[slot].source == .differentValues {
        distincts.append(Distinct(slot: slot, value: place, isNumber: aggregate.type == .number))
      }
      if functions[slot].source == .orderedValues { ordered.append(Ordered(slot: slot, value: place)) }
    }
    groupColumns = groups
    groupNames = spec.groupBy
    valueColumns = values
    aggregates = AggregatePlan(functions, values: places)
    self.distincts = distincts
    self.ordered = ordered
    needsSecondRound = !distincts.isEmpty || !ordered.isEmpty
    nulls = TextSet(spec.csv.null.map { Array($0.utf8) })
    numbers = NumberFormat(decimalMark: spec.csv.decimalMark, thousandsMark: spec.csv.thousandsMark)
    trims = spec.csv.trim
    if let filter = spec.filter {
      self.filter = try RowMatcher(filter, header: index, file: file)
    } else {
      filter = nil
    }
  }

  func isNull(_ field: UnsafeRawBufferPointer) -> Bool { nulls.contains(field) }

  /// About how much work a row is, in comparisons and sums.
  var rowWork: Int { groupColumns.count + aggregates.slots.count + valueColumns.count + (filter?.conditions ?? 0) }

  /// Whether a row's values are whole texts of its columns, read in the usual way.
  var isUsual: Bool { numbers == .usual && !trims }
}
