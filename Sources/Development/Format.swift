import Foundation
import Sampling

/// Numbers as text for readers; independent of the locale. Tables for machines do not use it.
public enum Format {
    /// A training step or epoch with its thousands separated: 17000 → "17,000".
    public static func step(_ step: Int) -> String {
        let digits = String(step.magnitude)
        var grouped = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { grouped.append(",") }
            grouped.append(digit)
        }
        return step < 0 ? "−\(grouped)" : grouped
    }

    /// A step that was inferred, rounded to three significant digits: 16731.2 → "16,700". A whole number is a
    /// checkpoint's and keeps all its digits.
    ///
    /// - Parameter interval: Where it may lie, if that is shown beside it: then to the place of its width at least.
    public static func step(_ step: Double, in interval: ClosedRange<Double>? = nil) -> String {
        guard step.isFinite else { return "–" }
        if let whole = Int(exactly: step) { return Format.step(whole) }
        if step.magnitude < 10 { return value(step, significantDigits: 2) }
        let width = interval.map { $0.upperBound - $0.lowerBound } ?? .infinity
        let place = min(floor(log10(step.magnitude)) - 2, floor(log10(max(width, 1))))
        let unit = pow(10, max(0, place))
        return Int(exactly: (step / unit).rounded() * unit).map { Format.step($0) } ?? value(step)
    }

    /// An interval of inferred steps: "[800, 1,020]".
    public static func interval(_ interval: ClosedRange<Double>) -> String {
        "[\(step(interval.lowerBound, in: interval)), \(step(interval.upperBound, in: interval))]"
    }

    /// A number to some significant digits; powers of ten outside 10⁻⁴…10⁶. "–" when it is not finite.
    public static func value(_ value: Double, significantDigits: Int = 3) -> String {
        value.readable(significantDigits: significantDigits)
    }

    /// A value to the decimal place of its error's second significant digit: "26.41 ± 0.22"; alone without an error.
    public static func estimate(_ estimate: Estimate) -> String {
        estimate.value.readable(standardError: estimate.standardError)
    }

    /// A change: an estimate whose sign is always written.
    public static func change(_ change: Estimate) -> String {
        let text = estimate(change)
        return text.hasPrefix("−") || change.value <= 0 ? text : "+\(text)"
    }

    /// A share of a whole as a percentage: 0.6079 → "60.8 %".
    public static func share(_ share: Double) -> String {
        share.isFinite ? String(format: "%.1f %%", 100 * share) : "–"
    }

    /// A counted noun, small numbers in words: "Three stages".
    public static func count(_ count: Int, _ noun: String) -> String {
        let words = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten"]
        return "\(words.indices.contains(count) ? words[count] : step(count)) \(noun)\(count == 1 ? "" : "s")"
    }

    /// An enumeration: "a, b and c".
    public static func list(_ items: [String]) -> String {
        items.count < 2 ? items.joined() : items.dropLast().joined(separator: ", ") + " and " + items[items.count - 1]
    }

    /// A setting with all its digits: whole numbers without a fraction.
    public static func exact(_ value: Double) -> String {
        Int(exactly: value).map(String.init) ?? String(value)
    }

    /// Words made a sentence: a capital first letter and a full stop. A symbol that stands first is kept.
    public static func sentence(_ words: String) -> String {
        guard let first = words.first, let last = words.last else { return "" }
        // The name of a file or of a column keeps its case.
        let isName = words.prefix { $0 != " " && $0 != ":" }.contains { "._".contains($0) }
        let start = first.isASCII && !isName ? first.uppercased() + words.dropFirst() : words
        return ".!?".contains(last) ? start : start + "."
    }
}
