#if Server
  import TallySchema

  /// JSON with line breaks, for people: what fits on a line stays on it.
  enum JSONLayout {
    static func text(_ value: JSONValue, width: Int = 76, indentation: String = "") -> String {
      let flat = value.text
      if flat.utf8.count + indentation.utf8.count <= width { return flat }
      let inner = indentation + "  "
      let (open, items, close): (String, [String], String)
      switch value {
      case .object(let members):
        items = members.map {
          "\(JSONValue.string($0.name).text): \(text($0.value, width: width, indentation: inner))"
        }
        (open, close) = ("{", "}")
      case .array(let values):
        items = values.map { text($0, width: width, indentation: inner) }
        (open, close) = ("[", "]")
      default: return flat
      }
      return "\(open)\n\(items.map { inner + $0 }.joined(separator: ",\n"))\n\(indentation)\(close)"
    }
  }
#endif
