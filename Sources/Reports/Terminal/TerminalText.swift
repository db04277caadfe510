extension Character {
    /// The columns that a terminal gives it: two for East Asian wide letters and emoji, none for what only modifies
    /// its neighbour (Unicode Standard Annex 11).
    var columnCount: Int {
        unicodeScalars.map { scalar in
            if scalar.properties.isEmojiPresentation || Self.wideRanges.contains(where: { $0.contains(scalar.value) }) {
                return 2
            }
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .enclosingMark, .format, .control: return 0
            default: return 1
            }
        }.max() ?? 0
    }

    /// Blocks whose letters are wide or full-width.
    private static let wideRanges: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
        0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
        0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
    ]
}

extension String {
    /// The columns that a terminal gives it.
    var columnCount: Int { reduce(0) { $0 + $1.columnCount } }

    /// The text broken at spaces into lines of at most so many columns; a longer word is broken anywhere.
    func wrapped(to width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in split(separator: " ") {
            if !line.isEmpty, line.columnCount + 1 + String(word).columnCount <= width {
                line += " " + word
                continue
            }
            if !line.isEmpty { lines.append(line) }
            line = ""
            for character in word {
                if !line.isEmpty, line.columnCount + character.columnCount > width {
                    lines.append(line)
                    line = ""
                }
                line.append(character)
            }
        }
        return line.isEmpty ? lines : lines + [line]
    }

    /// The text with spaces before or after it to fill so many columns.
    func padded(to width: Int, onLeft: Bool) -> String {
        let padding = String(repeating: " ", count: max(0, width - columnCount))
        return onLeft ? padding + self : self + padding
    }

    /// The text in ASCII, for terminals that know no more: symbols spelled out, other letters as question marks.
    var inASCII: String {
        map { character in
            if character.isASCII { return String(character) }
            return Self.spellings[character] ?? String(repeating: "?", count: max(1, character.columnCount))
        }.joined()
    }

    private static let spellings: [Character: String] = [
        "λ\u{302}": "LLC", "λ": "lambda", "Δ": "change of ", "ε": "epsilon", "β": "beta", "γ": "gamma", "±": "+-",
        "−": "-", "–": "-", "×": "x", "·": "*", "…": "...", "≤": "<=", "≥": ">=", "→": "->", "’": "'", "“": "\"",
        "”": "\"", "\u{A0}": " ",
    ]
}
