import Foundation
import Sampling
import Tensors
import TestSupport
import Testing

struct CurvatureTests {
    func curvature<Scalar: Real>(
        _ curvatures: [Scalar], center: Scalar, ranges: [Range<Int>], shifts: [Scalar] = [-1, 0, 1]
    ) throws -> Curvature {
        let loss = ClosureLoss<Scalar>.quadratic(curvatures, shifts: shifts)
        return try Curvature.largest(
            evaluator: loss.makeEvaluator(capacity: 2), center: curvatures.map { _ in center },
            subset: ParameterSubset(ranges: ranges), examples: 0..<3, chunkSize: 2,
            random: RandomStream(seed: 1, trainingStep: 0, chain: 0, purpose: .curvature))
    }

    @Test func `the largest absolute eigenvalue is found over the subset alone`() throws {
        let all = try curvature([1, 2, 5, -8, 30], center: 0.5, ranges: [0..<5])
        // The iteration ends when the value changes by less than 1 %; the eigenvalues' ratio makes the rest smaller.
        #expect(Tolerance.relative(0.01).accepts(all.value, 30))
        #expect(all.isConverged)
        let some = try curvature([1, 2, 5, -8, 30], center: 0.5, ranges: [0..<2, 3..<4])
        #expect(Tolerance.relative(0.01).accepts(some.value, 8))
    }

    @Test func `float is enough`() throws {
        let found = try curvature([1, 2, 5, 30] as [Float], center: 0.5, ranges: [0..<4])
        #expect(Tolerance.relative(0.01).accepts(found.value, 30))
    }

    @Test func `a flat loss has no curvature`() throws {
        #expect(try curvature([0, 0], center: 1, ranges: [0..<2]).value == 0)
        #expect(try curvature([1, 2], center: 1, ranges: []).value == 0)
    }

    @Test func `a gradient that is not finite is malformed`() {
        let error = #expect(throws: SamplingError.self) {
            try curvature([.infinity, 1], center: 1, ranges: [0..<2])
        }
        #expect(error?.kind == .malformed && error?.reason.contains("the gradient is not finite") == true)
    }
}
