import TallySchema

/// One of a run's inputs: its text, and where its records begin.
struct RunInput: Sendable {
  let text: InputText
  let header: CSVHeader

  /// Inputs of a job that stay open while it runs; of more, each is opened when it is read.
  private static let openMost = 16

  /// Opens all inputs, and sees that they have the same columns.
  ///
  /// - Throws: ``JobFailure``, which names the input.
  static func open(
    _ inputs: [ProcessingPlaces.Input], spec: JobSpec, limits: Limits, interruption: Interruption
  ) throws(JobFailure) -> [RunInput] {
    var opened: [RunInput] = []
    for input in inputs {
      try interruption.check()
      let file = try InputFile(
        input.open, name: input.name, staysOpen: inputs.count <= RunInput.openMost, interruption: interruption)
      let text = try InputText(file, dialect: spec.csv, memoryBytes: spec.memoryBytes, limits: limits)
      let header = try CSVHeader(of: text, dialect: spec.csv, limits: limits)
      if let first = opened.first, let difference = first.header.difference(to: header) {
        throw JobFailure(
          .invalidArgument, reason: "HEADERS_DIFFER",
          "\(input.name):\(header.line): the header isn't that of \(first.text.file.name): \(difference). All inputs of a job "
            + "need the same columns, in the same order.", file: input.name, line: header.line)
      }
      opened.append(RunInput(text: text, header: header))
    }
    return opened
  }

  /// About how many bytes of text there are.
  var textBytes: Int {
    // What is compressed is about five times as large.
    text.compression == .none ? text.file.size : text.file.size * 5
  }
}
