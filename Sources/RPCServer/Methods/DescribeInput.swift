import JobQueue
import Processor
import Storage
import TallySchema
import Uploads

extension JobMethods {
  /// `describeInput`. It reads a few hundred kibibytes, on a thread that isn't the calls' own.
  func describe(_ parameters: DescribeParameters, _ context: RPCContext) async throws -> InputDescription {
    let name = parameters.input
    if case .upload(let id) = InputReference(name) {
      let upload = try await find(uploads: [id], for: context)[0]
      // From the start: of parts that are sent side by side, later ones may be there first.
      if !upload.isComplete {
        let there = try await uploads.segments(ofUpload: id).reduce(0) { $0 + $1.bytes }
        if there < JobMethods.describedBytesLeast { throw JobMethods.tooLittle(there) }
      }
    }
    do {
      return try await InputDescriber.describe(
        { [inputs] () throws(JobFailure) in try inputs.openObject(name) }, name: name,
        dialect: parameters.csv, limits: limits)
    } catch let failure as JobFailure {
      throw RPCError(failure, field: "input")
    }
  }

  /// Bytes of an upload, from which on it is described before it is complete.
  private static let describedBytesLeast = 1 << 20

  private static func tooLittle(_ bytes: Int) -> RPCError {
    RPCError(
      .failedPrecondition, reason: "UPLOAD_INCOMPLETE",
      "From the upload's start, \(bytes) bytes have come. It is described when it is complete, or a mebibyte of it is there.",
      field: "input")
  }
}
