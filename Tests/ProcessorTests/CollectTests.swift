import TallySchema
import TestSupport
import Testing

@testable import Processor

/// Bad rows in a file beside the result: the same bytes for every cut, in the files' order.
@Suite struct CollectTests {
  private static let text = "key,n\na,1\nb,x\n\"c\nd\",2\ne\n\"f\"g,3\nh,\"9\n9\"\ni,4\n"

  private static let rejects = [
    "File,Line,Column,Byte Offset,Kind,Message,Text",
    "in.csv,3,3,10,NOT_A_NUMBER,\"'x' is not a number (column \"\"n\"\"): a number is digits with at most one point, "
      + "such as -12.5 or 3e8\",\"b,x\"",
    "in.csv,6,1,22,RAGGED_ROW,\"the row has 1 field, the header has 2\",e",
    "in.csv,7,4,24,TEXT_AFTER_QUOTE,there is text after a closing quote; a quote inside a quoted field is written twice,"
      + "\"\"\"f\"\"g,3\"",
    "in.csv,8,3,31,NOT_A_NUMBER,\"'9\n9' is not a number (column \"\"n\"\"): a number is digits with at most one point, "
      + "such as -12.5 or 3e8; a quoted field in the row swallows line ends, so that the row spans 2 lines\",\"h,\"\"9\n9\"\"\"",
    "",
  ].joined(separator: "\n")

  private func spec(most: Int = 1_000) -> JobSpec {
    JobSpec(
      input: "in.csv", output: "o", groupBy: ["key"], aggregates: [Aggregate(.sum, column: "n")], onBadRow: .collect,
      maxBadRows: most, memoryBytes: 64 << 20)
  }

  @Test(arguments: [(1, nil), (2, 1), (3, 5), (2, 64)] as [(Int, Int?)])
  func rejectsAreWrittenInOrder(threads: Int, blockBytes: Int?) async throws {
    let folder = try TestFolder()
    let (output, outcome) = try await folder.run(
      spec(), on: Array(CollectTests.text.utf8), threads: threads, blockBytes: blockBytes)
    #expect(String(decoding: output, as: UTF8.self) == "key,sum(n)\na,1\n\"c\nd\",2\ni,4\n")
    #expect(outcome.progress.badRows == 4 && outcome.progress.badLines == 5)
    let name = try #require(folder.names.first { $0.hasSuffix(".rejects") })
    #expect(String(decoding: try folder.read(name), as: UTF8.self) == CollectTests.rejects)
  }

  @Test func withoutBadRowsThereIsAHeader() async throws {
    let folder = try TestFolder()
    _ = try await folder.run(spec(), on: Array("key,n\na,1\n".utf8))
    let name = try #require(folder.names.first { $0.hasSuffix(".rejects") })
    #expect(try folder.read(name) == Array("File,Line,Column,Byte Offset,Kind,Message,Text\n".utf8))
  }

  @Test func moreThanMayBeFailTheJobAndLeaveNothing() async throws {
    let folder = try TestFolder()
    let failure = await #expect(throws: JobFailure.self) {
      try await folder.run(spec(most: 4), on: Array(CollectTests.text.utf8))
    }
    #expect(failure?.reason == "TOO_MANY_BAD_ROWS" && folder.names == ["input.csv"])
  }
}
