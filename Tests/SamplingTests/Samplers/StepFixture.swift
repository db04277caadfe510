import Sampling
import Tensors

/// A posterior, a start and a gradient with nothing special about them, for tests of single steps.
enum StepFixture {
    static let count = 1003
    /// Ranges that start and end inside of the kernels' chunks, and one of a single coordinate.
    static let ranges = [3..<70, 128..<192, 500..<501, 600..<1003]
    static let randomness = SamplerRandomness(seed: 3, trainingStep: 9, chain: 2)

    static func vector<Scalar: Real>(_ row: Int, scale: Scalar) -> [Scalar] {
        var values = [Scalar](repeating: 0, count: count)
        RandomStream(seed: 4, trainingStep: 0, chain: 0, purpose: .projection).fillNormals(&values, row: row)
        return values.map { scale * $0 }
    }

    static func posterior<Scalar: Real>(
        _ type: Scalar.Type, nBeta: Double = 120, localization: Double = 30, ranges: [Range<Int>] = [0..<count]
    ) -> LocalPosterior<Scalar> {
        LocalPosterior(
            center: vector(0, scale: 1), nBeta: nBeta, localization: localization,
            subset: ParameterSubset(ranges: ranges))
    }

    /// A place near the center.
    static func start<Scalar: Real>(_ posterior: LocalPosterior<Scalar>) -> [Scalar] {
        zip(posterior.center, vector(1, scale: 0.1)).map { $0 + $1 }
    }

    static func normals<Scalar: Real>(_ type: Scalar.Type, stream: RandomStream, row: Int) -> [Double] {
        var normals = [Scalar](repeating: 0, count: count)
        stream.fillNormals(&normals, row: row)
        return normals.map { Double($0) }
    }
}

extension Sampler {
    /// A step of a sampler that needs no gradient but the one it is given.
    func step<Scalar: Real>(
        _ state: inout SamplerState<Scalar>, gradient: [Scalar], posterior: LocalPosterior<Scalar>, step: Int,
        randomness: SamplerRandomness = StepFixture.randomness
    ) -> StepInfo {
        self.step(
            &state, loss: 0, gradient: gradient, posterior: posterior, randomness: randomness, step: step
        ) { _, _ in
            preconditionFailure("this sampler asks for no gradient")
        }
    }
}
