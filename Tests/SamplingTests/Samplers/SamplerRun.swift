import Sampling
import Tensors

/// What a sampler did on a loss that is written as a closure: means of observables over blocks of steps, whose mean
/// and Monte Carlo error are those of the steps.
struct SamplerRun<Scalar: Real> {
    /// Writes the gradient at a position for a step's minibatch and returns the loss.
    typealias Loss = (_ position: [Scalar], _ step: Int, _ gradient: inout [Scalar]) -> Double
    /// Adds what is observed at a step to the sums; position and loss are those before the step, as in the info.
    typealias Observe = (_ position: [Scalar], _ loss: Double, _ info: StepInfo, _ sums: inout [Double]) -> Void

    /// `[observable][chain][block]`.
    private(set) var blocks: [[[Double]]]
    /// Each chain's state after its last step.
    private(set) var states: [SamplerState<Scalar>] = []

    /// Runs chains from the posterior's center; the steps are divided into `blockCount` blocks, burn-in left out.
    init(
        _ sampler: any Sampler, posterior: LocalPosterior<Scalar>, burnIn: Int, steps: Int, observableCount: Int,
        chains: Int = 2, blockCount: Int = 400, seed: UInt64 = 1, loss: Loss, observe: Observe
    ) {
        blocks = .init(repeating: .init(repeating: [], count: chains), count: observableCount)
        let blockLength = steps / blockCount
        for chain in 0..<chains {
            let randomness = SamplerRandomness(seed: seed, trainingStep: 0, chain: chain)
            var state = sampler.start(at: posterior.center, posterior: posterior, randomness: randomness)
            var gradient = posterior.center
            var step = 0
            func advance() -> (before: [Scalar], loss: Double, info: StepInfo) {
                let before = state.position
                let value = loss(before, step, &gradient)
                let info = sampler.step(
                    &state, loss: value, gradient: gradient, posterior: posterior, randomness: randomness, step: step
                ) { loss($0, step, &$1) }
                step += 1
                return (before, value, info)
            }
            for _ in 0..<burnIn { _ = advance() }
            for _ in 0..<blockCount {
                var sums = [Double](repeating: 0, count: observableCount)
                for _ in 0..<blockLength {
                    let done = advance()
                    observe(done.before, done.loss, done.info, &sums)
                }
                for index in sums.indices { blocks[index][chain].append(sums[index] / Double(blockLength)) }
            }
            states.append(state)
        }
    }

    /// The mean of an observable, and its Monte Carlo standard error; infinite where that does not exist.
    func estimate(_ observable: Int) -> (mean: Double, error: Double) {
        let values = blocks[observable].joined()
        let mean = values.reduce(0, +) / Double(values.count)
        return (mean, Diagnostics.meanMCSE(blocks[observable]) ?? .infinity)
    }
}
