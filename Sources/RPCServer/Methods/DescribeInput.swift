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
      if !upload.isComplete, upload.received < JobMethods.describedBytesLeast { throw JobMethods.tooLittle(upload) }
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

  private static func tooLittle(_ upload: UploadRecord) -> RPCError {
    RPCError(
      .failedPrecondition, reason: "UPLOAD_INCOMPLETE",
      "Of the upload, \(upload.received) bytes have come. It is described when it is complete, or a mebibyte of it is there.",
      field: "input")
  }
}
