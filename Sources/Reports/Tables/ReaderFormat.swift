import Development
import Foundation
import Sampling

extension Format {
    /// A count with its thousands separated.
    static func count(_ value: Int) -> String { step(value) }

    /// A measured number to four significant digits; whole numbers below a million in full.
    static func number(_ value: Double) -> String {
        if let whole = Int(exactly: value), whole.magnitude < 1_000_000 { return step(whole) }
        return Format.value(value, significantDigits: 4)
    }

    /// A number with its noun: "1 checkpoint", "1,200 draws".
    static func counted(_ value: Int, _ noun: String) -> String { "\(step(value)) \(noun)\(value == 1 ? "" : "s")" }

    /// A recorded text as it is read best: a digest's first 12 digits, a fraction's first four significant ones;
    /// nil when the text is already short.
    static func shortened(_ text: String) -> String? {
        if text.utf8.count == 64, text.utf8.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }) {
            return text.prefix(12) + "…"
        }
        guard Int(text) == nil, let value = Double(text), value.isFinite else { return nil }
        let rounded = Format.value(value, significantDigits: 4)
        return rounded.count < text.count ? rounded : nil
    }

    /// λ̂ with its standard error, as far as they could be computed.
    static func llc(_ estimate: LLCEstimate) -> String {
        guard let value = estimate.value else { return "could not be computed" }
        return Format.estimate(Estimate(value: value, standardError: estimate.standardError ?? 0))
    }

    /// R-hat to the three decimals that matter.
    static func rHat(_ value: Double) -> String { value.isFinite ? String(format: "%.3f", value) : "–" }
}
