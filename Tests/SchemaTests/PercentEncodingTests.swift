import TallySchema
import Testing

@Suite struct PercentEncodingTests {
  @Test(arguments: [
    ("a/b-c.csv", "-./", "a/b-c.csv"), ("a/b", "", "a%2Fb"), ("Ü %+", "", "%C3%9C%20%25%2B"), ("azAZ09", "", "azAZ09"),
    ("@[`{", "", "%40%5B%60%7B"), ("\u{0}\u{7F}", "", "%00%7F"), ("", "", ""),
  ])
  func everyOtherByteIsEncoded(text: String, kept: String, encoded: String) {
    #expect(PercentEncoding.encode(text, keeping: kept) == encoded)
  }
}
