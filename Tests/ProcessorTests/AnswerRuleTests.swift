import Storage
import TallySchema
import TestSupport
import Testing

@testable import Processor

/// What an answer means, rule by rule.
@Suite struct AnswerRuleTests {
  struct Example: Sendable, CustomTestStringConvertible {
    var name: String
    var input: String
    var output: String
    var groupBy: [String] = ["k"]
    var aggregates: [Aggregate] = [Aggregate(.sum, column: "n", as: "s")]
    var null: [String] = []
    var delimiter = ","
    var testDescription: String { name }
  }

  static let examples = [
    Example(
      name: "groups are sorted as unsigned bytes, field by field",
      input: "k,l,n\na,b,1\nB,b,1\né,b,1\nab,b,1\na,B,1\na,b,2\n",
      output: "k,l,s\nB,b,1\na,B,1\na,b,3\nab,b,1\né,b,1\n", groupBy: ["k", "l"]),
    Example(
      name: "values are neither trimmed nor normalised", input: "k,n\na ,1\na,1\n A,1\n",
      output: "k,s\n A,1\na,1\na ,1\n"),
    Example(
      name: "a field that ends sorts before one that goes on", input: "k,l,n\na\u{1},b,1\na,z,1\n",
      output: "k,l,s\na,z,1\na\u{1},b,1\n",
      groupBy: ["k", "l"]),
    Example(
      name: "a sum has the largest scale of its group", input: "k,n\na,1.50\na,1\nb,2\nc,-0\nc,0.0\n",
      output: "k,s\na,2.50\nb,2\nc,0.0\n"),
    Example(
      name: "numbers may have a sign, spaces and an exponent", input: "k,n\na,+1\na, 2 \na,3e2\na,1.5e-1\na,-0.15E0\n",
      output: "k,s\na,303.00\n"),
    Example(
      name: "a sum passes 64 and 128 bits and comes back",
      input:
        "k,n\na,99999999999999999999999999999999999999\na,99999999999999999999999999999999999999\na,-99999999999999999999999999999999999999\na,1\na,-99999999999999999999999999999999999999\n",
      output: "k,s\na,1\n"),
    Example(
      name: "an average is rounded half to even at six places",
      input: "k,n\na,1\na,2\nb,1\nb,1\nb,2\nc,0.0000005\nd,0.000001\nd,0.000002\n",
      output: "k,s\na,1.5\nb,1.333333\nc,0.0000005\nd,0.000002\n", aggregates: [Aggregate(.avg, column: "n", as: "s")]),
    Example(
      name: "a variance is exact, and rounded half to even once",
      input: "k,n\na,1\na,2\na,3\na,4\nb,7\nc,0.001\nc,0.002\nd,0\nd,0.003\n",
      output: "k,s,p\na,1.666667,1.25\nb,,0\nc,0,0\nd,0.000004,0.000002\n",
      aggregates: [Aggregate(.variance, column: "n", as: "s"), Aggregate(.variancePop, column: "n", as: "p")]),
    Example(
      name: "a variance holds the longest numbers and mixed scales",
      input:
        "k,n\na,9999999999999999999999999999999999999\na,-9999999999999999999999999999999999999\nb,1\nb,1.00000000000000\nb,1000000000000000000000\nc,1000000000.0000000000000000000000000001\nc,-1000000000.0000000000000000000000000001\nc,3\n",
      output:
        "k,s\na,199999999999999999999999999999999999960000000000000000000000000000000000002\nb,333333333333333333332666666666666666666667\nc,1000000000000000003.0000000000000000002\n",
      aggregates: [Aggregate(.variance, column: "n", as: "s")]),
    Example(
      name: "least and greatest are numbers at the group's scale", input: "k,n\na,10\na,9.5\na,-3\n",
      output: "k,min(n),max(n)\na,-3.0,10.0\n",
      aggregates: [Aggregate(.min, column: "n"), Aggregate(.max, column: "n")]),
    Example(
      name: "a null text is skipped, quoted or not", input: "k,n\na,NULL\na,\"NULL\"\nb,1\nb,NULL\n",
      output: "k,s,c,r\na,,0,2\nb,1,1,2\n",
      aggregates: [
        Aggregate(.sum, column: "n", as: "s"), Aggregate(.count, column: "n", as: "c"),
        Aggregate(.count, column: nil, as: "r"),
      ],
      null: ["NULL"]),
    Example(name: "the empty text may be null", input: "k,n\na,\na,2\n", output: "k,s\na,2\n", null: [""]),
    Example(name: "aggregates without groups are totals", input: "k,n\na,1\nb,2\n", output: "s\n3\n", groupBy: []),
    Example(
      name: "groups without aggregates are the distinct groups", input: "k,n\nb,x\na,y\nb,z\n", output: "k\na\nb\n",
      aggregates: []),
    Example(
      name: "output columns are in the order asked", input: "k,l,n\na,b,1\n", output: "l,k,c,s\nb,a,1,1\n",
      groupBy: ["l", "k"],
      aggregates: [Aggregate(.count, column: nil, as: "c"), Aggregate(.sum, column: "n", as: "s")]),
    Example(name: "the header's names are exact, after a BOM", input: "\u{feff}k,n, n\na,1,x\n", output: "k,s\na,1\n"),
    Example(name: "a duplicate name is allowed where it isn't used", input: "k,n,x,x\na,1,2,3\n", output: "k,s\na,1\n"),
    Example(name: "a header only gives a header only", input: "k,n", output: "k,s\n"),
    Example(name: "a header only has no totals row either", input: "k,n\n", output: "k,s\n"),
    Example(
      name: "quoted fields hold delimiters, quotes and line ends", input: "k,n\n\"a,\"\"b\"\"\r\nc\",1\n",
      output: "k,s\n\"a,\"\"b\"\"\r\nc\",1\n"),
    Example(
      name: "a quote inside an unquoted field is literal", input: "k,n\n12\" monitor,1\n",
      output: "k,s\n\"12\"\" monitor\",1\n"),
    Example(
      name: "CR LF and LF end rows, a lone CR is data", input: "k,n\r\na\rb,1\r\nc,2\n",
      output: "k,s\n\"a\rb\",1\nc,2\n"),
    Example(name: "NUL is data", input: "k,n\na\0b,1\na,1\na\0b,1\n", output: "k,s\na,1\na\0b,2\n"),
    Example(name: "blank lines are skipped", input: "k,n\n\na,1\r\n\r\nb,2\n\n", output: "k,s\na,1\nb,2\n"),
    Example(
      name: "in a file of one column a blank line is an empty value", input: "k\na\n\nb\n\"\"\n",
      output: "k,c\n,2\na,1\nb,1\n",
      aggregates: [Aggregate(.count, column: nil, as: "c")]),
    Example(name: "an only field that is empty is quoted", input: "k\na\n\n", output: "k\n\"\"\na\n", aggregates: []),
    Example(name: "the last line needs no end", input: "k,n\na,1\na,2", output: "k,s\na,3\n"),
    Example(
      name: "another delimiter is quoted in the output", input: "k;n\n\"a;b\";1\n\"c,d\";2\n",
      output: "k;s\n\"a;b\";1\nc,d;2\n", delimiter: ";"),
  ]

  @Test(arguments: examples) func theAnswerIs(example: Example) async throws {
    var dialect = CSVDialect()
    dialect.null = example.null
    dialect.delimiter = try #require(example.delimiter.utf8.first)
    let spec = JobSpec(
      input: "in.csv", output: "out.csv", groupBy: example.groupBy, aggregates: example.aggregates, csv: dialect)
    let folder = try TestFolder()
    for blockBytes in [nil, 1, 5] as [Int?] {
      let (output, outcome) = try await folder.run(
        spec, on: Array(example.input.utf8), threads: 2, blockBytes: blockBytes)
      #expect(String(decoding: output, as: UTF8.self) == example.output)
      #expect(outcome.result.bytes == output.count)
    }
  }

  /// Numbers of 38 digits whose answer has more than 76, in memory and ordered.
  @Test(arguments: [
    (Aggregate(.variance, column: "n", as: "v"), "ANSWER_TOO_LARGE", "variance"),
    (Aggregate(.sum, column: "n", as: "v", type: .double), "SUM_TOO_LARGE", "double"),
  ])
  func anAnswerThatIsTooLongIsAnError(aggregate: Aggregate, reason: String, word: String) async throws {
    let long = String(repeating: "9", count: 38)
    let rows = aggregate.type == .double ? ["1e308", "1e308"] : [long, "-" + long]
    let input = "k,n\n" + rows.map { "a,\($0)\n" }.joined()
    for order in [[], [OrderTerm(column: "v")]] {
      let spec = JobSpec(input: "in", output: "out", groupBy: ["k"], aggregates: [aggregate], orderBy: order)
      let failure = await #expect(throws: JobFailure.self) { try await TestFolder().run(spec, on: Array(input.utf8)) }
      #expect(failure?.reason == reason && failure?.message.contains(word) == true)
      #expect(failure?.message.contains("\"v\"") == true)
    }
  }

  @Test func theDigestIsOfTheWholeFile() async throws {
    let spec = JobSpec(input: "in.csv", output: "out.csv", groupBy: ["k"], aggregates: [])
    let (_, outcome) = try await TestFolder().run(spec, on: Array("k\nb\na\n".utf8))
    // printf 'k\na\nb\n' | sha256sum
    #expect(outcome.result.sha256 == "82e7e466d8b66e9f5d335165448e13d4e6e78ca081dd1f57cef51b65b64f5b3b")
    #expect(outcome.result.rows == 2)
  }
}
