import Schema

/// One of a run's inputs: its text, and where its records begin.
struct RunInput: Sendable {
  let text: InputText
  let header: CSVHeader

  /// Opens all inputs, and sees that they have the same columns.
  ///
  /// - Throws: ``JobFailure``, which names the input.
  static func open(
    _ inputs: [ProcessingPlaces.Input], spec: JobSpec, limits: Limits
  ) throws(JobFailure) -> [RunInput] {
    var opened: [RunInput] = []
    for input in inputs {
      let file = try InputFile.open(input.file, name: input.name)
      let text = try InputText(file, encoding: spec.csv.encoding, memoryBytes: spec.memoryBytes, limits: limits)
      let header = try CSVHeader(of: text, dialect: spec.csv, limits: limits)
      if let first = opened.first, !first.header.hasSameNames(as: header) {
        throw JobFailure(
          .invalidArgument, reason: "HEADERS_DIFFER",
          "\(input.name):1: the header isn't that of \(first.text.file.name). All inputs of a job need the same columns, in "
            + "the same order.", file: input.name, line: 1)
      }
      opened.append(RunInput(text: text, header: header))
    }
    return opened
  }

  /// About how many bytes of text there are.
  var textBytes: Int {
    // What is compressed is about five times as large.
    text.compression == .none ? text.file.identity.size : text.file.identity.size * 5
  }
}
