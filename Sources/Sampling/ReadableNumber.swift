import Foundation

extension Double {
    /// The number for readers, to some significant digits, independent of the locale: a true minus sign, powers of ten
    /// outside 10⁻⁴…10⁶, "–" when it is not finite.
    package func readable(significantDigits: Int = 3) -> String {
        guard isFinite else { return "–" }
        guard self != 0 else { return "0" }
        // Rounding can carry into the next decade (9.996 → 10.0), so the exponent is that of the rounded number.
        let scientific = String(format: "%.\(significantDigits - 1)e", magnitude)
        let parts = scientific.split(separator: "e")
        let exponent = Int(parts[1]) ?? 0
        let sign = self < 0 ? "−" : ""
        if exponent < -4 || exponent >= 6 { return "\(sign)\(parts[0])·10\(superscript(exponent))" }
        let decimals = max(0, significantDigits - 1 - exponent)
        return sign + String(format: "%.\(decimals)f", magnitude)
    }

    /// The number to the decimal place of its error's second significant digit: "26.41 ± 0.22".
    ///
    /// Without an error (zero or not finite) the number stands alone, to three significant digits.
    package func readable(standardError error: Double) -> String {
        guard isFinite, error.isFinite, error > 0 else { return readable() }
        let scientific = String(format: "%.1e", error)
        let exponent = Int(scientific.split(separator: "e")[1]) ?? 0
        guard (-5...5).contains(exponent) else { return "\(readable()) ± \(error.readable(significantDigits: 2))" }
        let decimals = max(0, 1 - exponent)
        let text = String(format: "%.\(decimals)f", magnitude)
        let isNegative = self < 0 && text.contains { $0 != "0" && $0 != "." }
        return "\(isNegative ? "−" : "")\(text) ± " + String(format: "%.\(decimals)f", error)
    }
}

private func superscript(_ exponent: Int) -> String {
    let digits = ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"]
    return (exponent < 0 ? "⁻" : "")
        + String(exponent.magnitude).compactMap(\.wholeNumberValue).map { digits[$0] }.joined()
}
