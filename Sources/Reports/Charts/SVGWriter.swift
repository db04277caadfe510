/// Writes SVG elements as text: escapes every string and rounds every coordinate to two decimals.
struct SVGWriter {
    /// What was written so far.
    private(set) var text = ""

    /// Writes an element without children.
    mutating func element(_ name: String, _ attributes: KeyValuePairs<String, String>) {
        open(name, attributes)
        text.removeLast()
        text += "/>"
    }

    /// Writes a text element.
    mutating func label(
        _ content: String, x: Double, y: Double, class styleClass: String, anchor: TextAnchor = .start, key: String = ""
    ) {
        open(
            "text",
            [
                "x": coordinate(x), "y": coordinate(y), "class": styleClass,
                "text-anchor": anchor == .start ? "" : anchor.rawValue, "data-key": key,
            ])
        text += content.escapedForMarkup + "</text>"
    }

    /// Writes a straight line.
    mutating func line(
        _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, class styleClass: String, key: String = ""
    ) {
        element(
            "line",
            [
                "x1": coordinate(x1), "y1": coordinate(y1), "x2": coordinate(x2), "y2": coordinate(y2),
                "class": styleClass, "data-key": key,
            ])
    }

    /// Writes a rectangle.
    mutating func rectangle(x: Double, y: Double, width: Double, height: Double, class styleClass: String) {
        element(
            "rect",
            [
                "x": coordinate(x), "y": coordinate(y), "width": coordinate(width), "height": coordinate(height),
                "class": styleClass,
            ])
    }

    /// Opens an element; `close` ends it. Empty attributes are left out.
    mutating func open(_ name: String, _ attributes: KeyValuePairs<String, String>) {
        text += "<" + name
        for (key, value) in attributes where !value.isEmpty { text += " \(key)=\"\(value.escapedForMarkup)\"" }
        text += ">"
    }

    /// Closes an element.
    mutating func close(_ name: String) { text += "</\(name)>" }

    /// Writes an element that holds only text.
    mutating func textElement(_ name: String, _ content: String) {
        text += "<\(name)>\(content.escapedForMarkup)</\(name)>"
    }
}

/// Where a text stands relative to its x coordinate.
enum TextAnchor: String {
    case start, middle, end
}

/// A coordinate with at most two decimals, e.g. "12.5"; the value must be finite.
func coordinate(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let (whole, part) = abs(hundredths).quotientAndRemainder(dividingBy: 100)
    let sign = hundredths < 0 ? "-" : ""
    if part == 0 { return "\(sign)\(whole)" }
    if part % 10 == 0 { return "\(sign)\(whole).\(part / 10)" }
    return "\(sign)\(whole).\(part < 10 ? "0" : "")\(part)"
}

/// The width that a label is given, in pixels: the mean advance of a sans-serif digit at the charts' type size for each
/// character, twice that for wide ones and for the sign that stands where markup forbids a character.
func estimatedWidth(of label: String) -> Double {
    label.replacingForbiddenInMarkup.reduce(0) { $0 + 6.7 * ($1 == "\u{FFFD}" ? 2 : Double(max(1, $1.columnCount))) }
}

/// The same for a name, whose letters are wider than digits.
func nameWidth(of name: String) -> Double { 1.08 * estimatedWidth(of: name) }

extension String {
    /// The text with the five markup characters escaped, scalar by scalar, so that a combining mark after
    /// a quote cannot hide it; characters that no markup may hold are replaced.
    var escapedForMarkup: String {
        var result = ""
        result.reserveCapacity(utf8.count)
        for scalar in unicodeScalars {
            switch scalar {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result.replacingForbiddenInMarkup
    }

    /// The text with every control character that XML forbids replaced by U+FFFD, and every one that would turn the
    /// direction of what stands after it: a name must not reorder the sentence that it is in.
    var replacingForbiddenInMarkup: String {
        func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar {
            case "\t", "\n", "\r": false
            case "\u{0}"..<" ", "\u{FFFE}", "\u{FFFF}", "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}": true
            default: false
            }
        }
        guard unicodeScalars.contains(where: isForbidden) else { return self }
        return String(String.UnicodeScalarView(unicodeScalars.map { isForbidden($0) ? "\u{FFFD}" : $0 }))
    }
}
