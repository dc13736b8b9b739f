import Schema

/// A job's question in terms of one file's columns.
struct GroupingPlan: Sendable {
  /// The number of columns that every row must have.
  let columns: Int
  /// The group columns, in the order asked.
  let groupColumns: [Int]
  let groupNames: [String]
  /// The columns that are read as numbers, or only looked at for null, each once.
  let valueColumns: [ValueColumn]
  let aggregates: AggregatePlan
  let nulls: [[UInt8]]

  struct ValueColumn: Sendable {
    var index: Int
    var name: String
    /// False: only `count` wants it, and any text is a value.
    var isNumber: Bool
  }

  /// - Throws: ``JobFailure`` when a column isn't there.
  init(_ spec: JobSpec, header: CSVHeader, file: String) throws(JobFailure) {
    columns = header.names.count
    var groups: [Int] = []
    for name in spec.groupBy { groups.append(try header.index(of: name, file: file)) }
    var values: [ValueColumn] = []
    var places: [Int?] = []
    for aggregate in spec.aggregates {
      guard let name = aggregate.column else {
        places.append(nil)
        continue
      }
      let index = try header.index(of: name, file: file)
      let isNumber = aggregate.function != .count
      if let place = values.firstIndex(where: { $0.index == index }) {
        values[place].isNumber = values[place].isNumber || isNumber
        places.append(place)
      } else {
        values.append(ValueColumn(index: index, name: name, isNumber: isNumber))
        places.append(values.count - 1)
      }
    }
    groupColumns = groups
    groupNames = spec.groupBy
    valueColumns = values
    aggregates = AggregatePlan(spec.aggregates, values: places)
    nulls = spec.csv.null.map { Array($0.utf8) }
  }
}
