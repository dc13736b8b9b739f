import TallySchema

/// One aggregate function as a job asks for it, made once per job: what a group keeps for it, and what comes of that.
///
/// A new function is a case of `Aggregate.Function`, a line of ``Aggregate/makeFunction()``, and a file with a type like
/// this one; where no ``AggregateState`` serves it, the file has one, too.
protocol AggregateFunction: Sendable {
  var state: any AggregateState.Type { get }
  var source: AggregateSource { get }
  /// How it is had from whole numbers (``CodedPlan``); nil when it can't be.
  var coded: CodedForm? { get }
  /// The answer for a group with that state, of which a text may be a part.
  func answer(_ state: UnsafeMutableRawPointer) -> AggregateAnswer
  /// For a group with so many numbers, where ``source`` is `orderedValues`.
  func makeSearch(count: UInt64) -> any OrderedSearch
}

extension AggregateFunction {
  var source: AggregateSource { .rows }
  var coded: CodedForm? { nil }
  func makeSearch(count: UInt64) -> any OrderedSearch {
    preconditionFailure("only functions of ordered values look for their answers")
  }
}

/// What is added to a function's states.
enum AggregateSource {
  /// Every row's value that isn't null.
  case rows
  /// 1 for every different value, after all rows have been read (``DistinctCounter``).
  case differentValues
  /// What ``AggregateFunction/makeSearch(count:)`` finds among a group's numbers in their order, after all rows have been read
  /// (``OrderedValueReader``). The state is a ``FoundNumber``'s.
  case orderedValues
}

/// Looks for a function's answer among the numbers of a group, which pass by from the least to the greatest.
protocol OrderedSearch {
  /// - Parameters:
  ///   - value: with 28 places.
  ///   - scale: of the value as it was written. Equal values of several scales come one after the other.
  ///   - count: of the rows that have it.
  mutating func take(_ value: Int256, scale: UInt8, count: UInt64)
  /// After the last of them.
  var answer: DecimalAnswer { get }
}

/// A number with that many places.
typealias DecimalAnswer = (value: Int256, scale: Int)

/// The answers that come of a cell of whole numbers.
enum CodedForm {
  case count, sum, average, least, greatest
}

/// What a function answers for a group.
enum AggregateAnswer {
  case null
  case count(UInt64)
  /// With that many places. More than 76 digits are an error where the answer is printed.
  case decimal(Int256, scale: Int)
  case double(Double)
  /// Stands in the state, or where that points to.
  case text(UnsafeRawBufferPointer)
  /// No number of ours holds it.
  case tooLarge
}

extension Aggregate {
  func makeFunction() -> any AggregateFunction {
    switch function {
    case .count: Count()
    case .sum: Sum(type)
    case .avg: Average(type)
    case .min: Min(type)
    case .max: Max(type)
    case .countDistinct: CountDistinct()
    case .first: First()
    case .last: Last()
    case .median: Median()
    case .variance: Variance(isOfPopulation: false)
    case .variancePop: Variance(isOfPopulation: true)
    }
  }
}
