import Sampling
import TestSupport
import Testing

struct FullLossTests {
    @Test func `chunks add up to the whole`() throws {
        let shifts = (0..<7).map { Double($0) }
        let loss = ClosureLoss<Double>.quadratic([2, 3], shifts: shifts)
        let evaluator = loss.makeEvaluator(capacity: 7)
        let whole = evaluator.fullLossAndGradient(at: [1, 2], examples: 0..<7, chunkSize: 7)
        for chunkSize in [1, 2, 3, 6] {
            let parts = evaluator.fullLossAndGradient(at: [1, 2], examples: 0..<7, chunkSize: chunkSize)
            #expect(parts.loss == whole.loss)
            // At most seven additions of numbers no larger than ten.
            for (a, b) in zip(parts.gradient, whole.gradient) {
                #expect(Tolerance.absolute(70 * 0x1p-52).accepts(a, b))
            }
            #expect(evaluator.fullLoss(at: [1, 2], examples: 0..<7, chunkSize: chunkSize) == whole.loss)
        }
        // ∇ = h(w − mean shift) = (2·(1 − 3), 3·(2 − 3)).
        #expect(Tolerance.absolute(1e-14).accepts(whole.gradient[0], -4))
        #expect(ParameterSubset(all: 2).norm(of: [-4.0, -3.0]) == 5)
        #expect(ParameterSubset(ranges: [1..<2]).norm(of: [-4.0, -3.0]) == 3)
    }

    @Test func `a mean of many equal losses is exact and of none is nil`() {
        #expect(FullLoss(exampleLosses: [Double](repeating: 0.1, count: 1_000_000)).mean == 0.1)
        #expect(FullLoss(exampleLosses: []).mean == nil)
        #expect(FullLoss(exampleLosses: [1, .infinity]).mean == .infinity)
    }
}
