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
}

private func superscript(_ exponent: Int) -> String {
    let digits = ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"]
    return (exponent < 0 ? "⁻" : "")
        + String(exponent.magnitude).compactMap(\.wholeNumberValue).map { digits[$0] }.joined()
}
