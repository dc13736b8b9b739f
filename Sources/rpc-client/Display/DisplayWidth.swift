#if Server
  /// How many columns of a terminal a text takes: two for wide letters and pictures, none for what is put on top of another
  /// letter (Unicode Standard Annex 11).
  enum DisplayWidth {
    static func of(_ text: some StringProtocol) -> Int {
      // Most are ASCII.
      let bytes = text.utf8
      if bytes.allSatisfy({ $0 < 0x80 }) { return bytes.count }
      return text.reduce(0) { $0 + of($1) }
    }

    static func of(_ character: Character) -> Int {
      var sum = 0
      for scalar in character.unicodeScalars {
        // A picture, whatever it is put together of; U+FE0F asks for it.
        if scalar.value == 0xFE0F || scalar.properties.isEmojiPresentation { return 2 }
        sum += of(scalar)
      }
      return sum
    }

    private static func of(_ scalar: Unicode.Scalar) -> Int {
      switch scalar.properties.generalCategory {
      case .nonspacingMark, .enclosingMark, .format: return 0
      default: break
      }
      // Vowels and finals of Hangul that stand in their syllable.
      if (0x1160...0x11FF).contains(scalar.value) { return 0 }
      return wide.contains { $0.contains(scalar.value) } ? 2 : 1
    }

    /// The blocks of East Asian wide and full-width letters.
    private static let wide: [ClosedRange<UInt32>] = [
      0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
      0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6,
      0x1B000...0x1B2FF, 0x20000...0x3FFFD,
    ]

    /// The beginning of a text that fits, with … where something is left out.
    static func cut(_ text: String, to width: Int) -> String {
      if of(text) <= width { return text }
      var (kept, used) = ("", 0)
      for character in text {
        used += of(character)
        if used > width - 1 { break }
        kept.append(character)
      }
      return width < 1 ? "" : kept + "…"
    }

    /// The end of a text that fits, with … where something is left out.
    static func cutAtStart(_ text: String, to width: Int) -> String {
      if of(text) <= width { return text }
      return width < 1 ? "" : "…" + String(cut(String(text.reversed()), to: width).dropLast().reversed())
    }

    /// Lines of at most so many columns, broken between words; a word that is too long is broken where it must be. Spaces
    /// at a line's beginning stay, as an indentation of all its lines.
    static func wrapped(_ text: String, to width: Int) -> [String] {
      text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { paragraph -> [String] in
        let indentation = String(paragraph.prefix { $0 == " " })
        var lines: [String] = []
        var line = indentation
        for word in paragraph.split(separator: " ") {
          var word = word
          if line.count > indentation.count {
            if of(line) + 1 + of(word) <= width {
              line += " " + word
              continue
            }
            lines.append(line)
            line = indentation
          }
          while of(line) + of(word) > width, word.count > 1 {
            var head = ""
            while let next = word.first, head.isEmpty || of(line) + of(head) + of(next) <= width {
              head.append(next)
              word.removeFirst()
            }
            lines.append(line + head)
            if word.isEmpty { break }
          }
          line += word
        }
        return lines + [line]
      }
    }
  }
#endif
