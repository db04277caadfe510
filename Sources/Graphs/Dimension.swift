/// An extent, or an integer computed from extents, as a function of the batch: `coefficient · batch + constant`.
///
/// A plan is made once and run with batches of any size, so shapes are inferred in this form.
struct Dimension: Hashable, Sendable, CustomStringConvertible {
    /// How often the batch is contained.
    let coefficient: Int
    /// What does not depend on the batch.
    let constant: Int

    /// A number that does not depend on the batch.
    init(_ constant: Int) { self.init(coefficient: 0, constant: constant) }

    /// `coefficient · batch + constant`.
    init(coefficient: Int, constant: Int) {
        self.coefficient = coefficient
        self.constant = constant
    }

    /// The batch itself.
    static let batch = Dimension(coefficient: 1, constant: 0)

    /// The number, where it does not depend on the batch.
    var fixed: Int? { coefficient == 0 ? constant : nil }

    /// The number for a batch of that many examples, modulo 2⁶⁴ as in the kernels' integer arithmetic.
    func value(batch: Int) -> Int { coefficient &* batch &+ constant }

    /// The number for a batch of that many examples, or nil where it overflows.
    func exactValue(batch: Int) -> Int? {
        let (product, isLarge) = coefficient.multipliedReportingOverflow(by: batch)
        let (sum, isLarger) = product.addingReportingOverflow(constant)
        return isLarge || isLarger ? nil : sum
    }

    /// As in `4·batch + 1`.
    var description: String {
        switch (coefficient, constant) {
        case (0, _): "\(constant)"
        case (1, 0): "batch"
        case (_, 0): "\(coefficient)·batch"
        case (1, _): "batch + \(constant)"
        default: "\(coefficient)·batch + \(constant)"
        }
    }

    /// The sum, or nil where it overflows.
    func plus(_ other: Dimension) -> Dimension? {
        let coefficient = coefficient.addingReportingOverflow(other.coefficient)
        let constant = constant.addingReportingOverflow(other.constant)
        guard !coefficient.overflow, !constant.overflow else { return nil }
        return Dimension(coefficient: coefficient.partialValue, constant: constant.partialValue)
    }

    /// The difference, or nil where it overflows.
    func minus(_ other: Dimension) -> Dimension? { other.times(Dimension(-1)).flatMap { plus($0) } }

    /// The product, or nil where both depend on the batch and it would be quadratic, or where it overflows.
    func times(_ other: Dimension) -> Dimension? {
        guard let (factor, scaled) = fixed.map({ ($0, other) }) ?? other.fixed.map({ ($0, self) }) else { return nil }
        let coefficient = factor.multipliedReportingOverflow(by: scaled.coefficient)
        let constant = factor.multipliedReportingOverflow(by: scaled.constant)
        guard !coefficient.overflow, !constant.overflow else { return nil }
        return Dimension(coefficient: coefficient.partialValue, constant: constant.partialValue)
    }

    /// The quotient by a positive number, or by one with a positive share of the batch, where it is whole for every
    /// batch; else nil.
    func dividedExactly(by other: Dimension) -> Dimension? {
        let divisor = other.fixed ?? other.coefficient
        guard divisor > 0, coefficient % divisor == 0 else { return nil }
        if other.fixed != nil {
            guard constant % divisor == 0 else { return nil }
            return Dimension(coefficient: coefficient / divisor, constant: constant / divisor)
        }
        let quotient = Dimension(coefficient / divisor)
        return other.times(quotient) == self ? quotient : nil
    }

    /// The linear function through the values at two batch sizes, or nil where there is none with whole coefficients.
    static func interpolating(_ first: Int, at firstBatch: Int, _ second: Int, at secondBatch: Int) -> Dimension? {
        let (rise, overflow) = second.subtractingReportingOverflow(first)
        let run = secondBatch - firstBatch
        guard !overflow, run > 0, rise % run == 0 else { return nil }
        let slope = Dimension(coefficient: rise / run, constant: 0)
        guard let offset = slope.exactValue(batch: firstBatch) else { return nil }
        return Dimension(first).minus(Dimension(offset))?.plus(slope)
    }
}

extension Collection where Element == Dimension {
    /// The product of the extents, or nil where it is not linear in the batch or overflows.
    var product: Dimension? {
        reduce(Optional(Dimension(1))) { $0?.times($1) }
    }

    /// The numbers for a batch of that many examples.
    func values(batch: Int) -> [Int] { map { $0.value(batch: batch) } }
}
