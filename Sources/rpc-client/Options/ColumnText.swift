#if Server
  import ArgumentParser

  /// Columns as an option names them: parts between separators, where a name that has a separator in it is written in double
  /// quotes, as in CSV (a quote inside is doubled), or with a backslash before it. `""` is the empty name.
  ///
  ///     City,State          two columns
  ///     "City, State"       one
  ///     City\, State        the same
  ///     a\=b=total          the column a=b, named total
  enum ColumnText {
    private static let special: Set<Unicode.Scalar> = [",", "=", ":", "\\", "\""]

    /// - Parameter most: parts at the most; separators after that are part of the last.
    /// - Throws: `ValidationError` for a quote that isn't closed, or that has text behind it.
    static func parts(_ text: String, by separator: Unicode.Scalar, most: Int = .max) throws -> [String] {
      var parts: [String] = []
      var current = String.UnicodeScalarView()
      var scalars = Substring(text).unicodeScalars
      var isAtStart = true
      while let scalar = scalars.popFirst() {
        if isAtStart, scalar == "\"" {
          current = try quoted(&scalars, of: text)
          if let next = scalars.first, !(next == separator && parts.count + 1 < most) {
            throw ValidationError("\(text): no text may stand behind the closing quote.")
          }
          isAtStart = false
        } else if scalar == "\\", let next = scalars.first, special.contains(next) {
          current.append(next)
          scalars.removeFirst()
          isAtStart = false
        } else if scalar == separator, parts.count + 1 < most {
          parts.append(String(current))
          current = String.UnicodeScalarView()
          isAtStart = true
        } else {
          current.append(scalar)
          isAtStart = false
        }
      }
      return parts + [String(current)]
    }

    /// One name, in which nothing separates.
    static func name(_ text: String) throws -> String { try parts(text, by: "\0", most: 1)[0] }

    private static func quoted(_ scalars: inout Substring.UnicodeScalarView, of text: String) throws
      -> String.UnicodeScalarView
    {
      var name = String.UnicodeScalarView()
      while let scalar = scalars.popFirst() {
        guard scalar == "\"" else {
          name.append(scalar)
          continue
        }
        guard scalars.first == "\"" else { return name }
        name.append(scalar)
        scalars.removeFirst()
      }
      throw ValidationError("\(text): the quote isn't closed. A quote at the beginning of a name is written \\\".")
    }

    /// The same name, written so that ``parts(_:by:most:)`` reads it back.
    static func written(_ name: String) -> String {
      guard name.isEmpty || name.unicodeScalars.contains(where: special.contains) else { return name }
      return "\"" + name.replacing("\"", with: "\"\"") + "\""
    }
  }
#endif
