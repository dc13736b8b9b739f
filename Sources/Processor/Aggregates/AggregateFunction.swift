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
}

extension AggregateFunction {
  var source: AggregateSource { .rows }
  var coded: CodedForm? { nil }
}

/// What is added to a function's states.
enum AggregateSource {
  /// Every row's value that isn't null.
  case rows
  /// 1 for every different value, after all rows have been read (``DistinctCounter``).
  case differentValues
}

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
    case .variance: Variance(isOfPopulation: false)
    case .variancePop: Variance(isOfPopulation: true)
    }
  }
}
