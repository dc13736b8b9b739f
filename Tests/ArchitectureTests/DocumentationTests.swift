import Foundation
import Testing

/// What embedders see says what it does: every public declaration of the client's modules, every case of a public enumeration
/// and every requirement of a public protocol has a documentation comment.
@Suite struct DocumentationTests {
  private static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Sources").path

  @Test(arguments: ["Schema", "RPCClient", "RPCClientTesting"])
  func everyPublicDeclarationIsDocumented(module: String) throws {
    let files = FileManager.default.enumerator(atPath: "\(Self.sources)/\(module)")?.compactMap { $0 as? String } ?? []
    var declarations = 0
    for file in files where file.hasSuffix(".swift") && !file.contains(".docc/") {
      let text = try String(contentsOfFile: "\(Self.sources)/\(module)/\(file)", encoding: .utf8)
      let (found, missing) = Self.undocumented(text.components(separatedBy: "\n"))
      declarations += found
      for line in missing { Issue.record("\(module)/\(file):\(line) has no documentation comment") }
    }
    #expect(declarations > 10, "there were some to check")
  }

  /// The test itself: what it must find, and what it must not.
  @Test(arguments: [
    ("public struct A {", 1), ("/// It.\npublic struct A {", 0), ("/// It.\n@frozen\npublic struct A {", 0),
    ("public import B\npublic extension C {", 0), ("  public func f() {", 1), ("  @inlinable public func f() {", 1),
    ("/// It.\npublic enum E {\n  case a\n  /// It.\n  case b\n}\ncase c", 1), ("enum E {\n  case a\n}", 0),
    ("/// It.\npublic enum E {\n  /// It.\n  public enum F {\n    /// It.\n    case a\n  }\n  case b\n}", 1),
    ("/// It.\npublic protocol P {\n  var a: Int { get }\n  /// It.\n  func b()\n  associatedtype C\n}\nvar d", 2),
  ])
  func undocumentedDeclarationsAreFound(text: String, missing: Int) {
    #expect(Self.undocumented(text.components(separatedBy: "\n")).missing.count == missing)
  }

  private static func undocumented(_ lines: [String]) -> (declarations: Int, missing: [Int]) {
    var (declarations, missing) = (0, [Int]())
    /// The public enumerations and protocols that the line is in: their indentations, and what their members begin with.
    var scopes: [(indentation: String, members: Regex<Substring>)] = []
    for (index, line) in lines.enumerated() {
      if let scope = scopes.last, line == scope.indentation + "}" { scopes.removeLast() }
      let isMember =
        scopes.last.map { scope in
          line.hasPrefix(scope.indentation + "  ")
            && line.dropFirst(scope.indentation.count + 2).prefixMatch(of: scope.members) != nil
        } ?? false
      if let match = line.firstMatch(of: #/^(\s*)(?:@\w+(?:\([^)]*\))?\s+)*public (?!import |extension )(.*)/#) {
        let isOpen = !line.hasSuffix("}")
        if isOpen, match.2.contains(#/^(?:indirect )?enum /#) {
          scopes.append((String(match.1), #/(?:indirect )?case /#))
        } else if isOpen, match.2.hasPrefix("protocol ") {
          scopes.append((String(match.1), #/(?:(?:static|mutating) )*(?:var|func|init|subscript|associatedtype)\b/#))
        }
      } else if !isMember {
        continue
      }
      declarations += 1
      var before = index - 1
      while before >= 0, lines[before].contains(#/^\s*@/#) { before -= 1 }
      if before < 0 || !lines[before].contains(#/^\s*\/\/\//#) { missing.append(index + 1) }
    }
    return (declarations, missing)
  }
}
