import JobQueue
import Processor
import Storage
import TallySchema

extension JobMethods {
  /// `describeInput`. It reads a few hundred kibibytes, on a thread that isn't the calls' own.
  func describe(_ parameters: DescribeParameters, _ context: RPCContext) async throws -> InputDescription {
    let name = parameters.input
    do {
      return try await InputDescriber.describe(
        { [inputs] () throws(JobFailure) in try inputs.openObject(name) }, name: name,
        dialect: parameters.csv, limits: limits)
    } catch let failure as JobFailure {
      throw RPCError(failure, field: "input")
    }
  }
}
