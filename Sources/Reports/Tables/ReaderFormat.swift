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

    /// λ̂ with its standard error, as far as they could be computed.
    static func llc(_ estimate: LLCEstimate) -> String {
        guard let value = estimate.value else { return "could not be computed" }
        return Format.estimate(Estimate(value: value, standardError: estimate.standardError ?? 0))
    }

    /// R-hat to the three decimals that matter.
    static func rHat(_ value: Double) -> String { value.isFinite ? String(format: "%.3f", value) : "–" }
}
