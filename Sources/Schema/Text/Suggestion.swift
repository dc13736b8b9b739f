/// What somebody may have meant who has mistyped a name: pure.
public enum Suggestion {
  /// Bytes of a name that is looked up. Longer ones are no mistyped names, and the search takes the square of their length.
  private static let bytesMost = 64

  /// The known name that is nearest, where it is near enough: at most a third of its letters are other ones.
  public static func nearest(to name: String, among known: some Sequence<String>) -> String? {
    guard name.utf8.count <= bytesMost else { return nil }
    let asked = Array(name.lowercased().unicodeScalars)
    let ranked = known.filter { $0.utf8.count <= bytesMost }.map {
      (name: $0, distance: distance(asked, Array($0.lowercased().unicodeScalars)))
    }
    guard let best = ranked.min(by: { $0.distance < $1.distance }),
      best.distance * 3 <= max(best.name.unicodeScalars.count, asked.count)
    else { return nil }
    return best.name
  }

  /// Insertions, deletions and replacements from one to the other (Levenshtein, 1966).
  static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var row = Array(0...right.count)
    for (i, a) in left.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, b) in right.enumerated() {
        let above = row[j + 1]
        row[j + 1] = a == b ? diagonal : min(diagonal, above, row[j]) + 1
        diagonal = above
      }
    }
    return row[right.count]
  }
}
