import JobQueue
import Processor
import Schema

extension JobMethods {
  /// `describeInput`. It reads a few hundred kibibytes, on a thread that isn't the calls' own.
  func describe(_ parameters: DescribeParameters, _ context: RPCContext) async throws -> InputDescription {
    do {
      let input = try folder.openInput(parameters.input)
      return try await InputDescriber.describe(
        .descriptor(input.descriptor), keeping: input, name: parameters.input, dialect: parameters.csv, limits: limits)
    } catch let failure as JobFailure {
      throw RPCError(failure, field: "input")
    }
  }
}
