import Foundation

extension Double {
    /// ∛x.
    var cubeRoot: Double { cbrt(self) }
}

extension Collection<Double> {
    /// The sum with Neumaier's compensation, so that its error does not grow with the count.
    var compensatedSum: Double {
        var sum = 0.0
        var compensation = 0.0
        for value in self {
            let next = sum + value
            compensation += abs(sum) >= abs(value) ? (sum - next) + value : (value - next) + sum
            sum = next
        }
        // The compensation of an infinite sum is not a number.
        return sum.isFinite ? sum + compensation : sum
    }

    /// The mean; NaN without elements.
    var mean: Double { compensatedSum / Double(count) }

    /// The variance with divisor count − 1; NaN below two elements.
    var sampleVariance: Double {
        let center = mean
        return map { ($0 - center) * ($0 - center) }.compensatedSum / Double(count - 1)
    }
}
