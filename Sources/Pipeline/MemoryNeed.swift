import Graphs
import Runs
import Sampling
import Tensors

/// The bytes that measuring takes, counted before it starts: what all workers share and what each of them adds.
struct MemoryNeed: Sendable, Equatable {
    /// The examples, as read and as the loss holds them, and one center that is being prepared.
    let shared: Int
    /// A chain's workspace, position and gradient, and the center it started from.
    let perWorker: Int

    /// The bytes for that many workers.
    func total(workers: Int) -> Int { shared + workers * perWorker }

    /// As many of the wanted workers as the limit allows; results do not depend on it.
    ///
    /// - Throws: `unsupported` where not even one fits.
    func workers(wanted: Int, limit: Int) throws(Failure) -> Int {
        let most = (limit - shared) / max(1, perWorker)
        guard most >= 1 else {
            throw Failure(
                .unsupported,
                "measuring takes about \(total(workers: 1).mebibytes) with one worker (\(shared.mebibytes) for the "
                    + "examples), and --memory allows \(limit.mebibytes). Raise --memory, or use a machine with more")
        }
        return min(wanted, most)
    }
}

extension Work {
    /// nil where nothing is sampled.
    func memoryNeed() throws -> MemoryNeed? {
        guard let model, let sampling = settings.sampling else { return nil }
        return switch sampling.precision {
        case .float: try memoryNeed(Float.self, model: model, sampling: sampling)
        case .double: try memoryNeed(Double.self, model: model, sampling: sampling)
        }
    }

    /// The number of workers: what was asked for, as far as the memory goes.
    func jobCount(_ options: MeasureOptions) throws -> Int {
        guard let need = try memoryNeed() else { return options.jobCount }
        return try need.workers(wanted: options.jobCount, limit: options.memoryLimit)
    }

    private func memoryNeed<Scalar: Real>(
        _ type: Scalar.Type, model: LoadedModel, sampling: SamplingSettings
    ) throws -> MemoryNeed {
        let loss = try model.loss(as: Scalar.self)
        let scalar = MemoryLayout<Scalar>.stride
        let tensors = Array(model.examples.inputs.values) + (model.examples.targets.map { [$0] } ?? [])
        let examples = tensors.reduce(0) { $0 + $1.count * ($1.integers == nil ? 2 * scalar : 16) }
        let center = loss.parameterCount * scalar + loss.exampleCount * MemoryLayout<Double>.stride
        // A worker prepares a center or advances a chain, one after the other.
        let evaluator = max(
            loss.evaluatorByteCount(capacity: sampling.batchSize), loss.evaluatorByteCount(capacity: fullLossChunk))
        // Position, gradient and what else the sampler keeps or tries: a copy for each.
        let vectors: Int =
            switch sampling.method {
            case .sgld: 4
            case .rmspropSGLD, .adaptiveRMSpropSGLD, .sgnht: 4
            case .mala, .hmc: 6
            }
        let sketch = 2 * 2 * sampling.observations.covarianceRank * model.subset.count * scalar
        let moments = sampling.observations.interval > 0 ? 4 * loss.exampleCount * MemoryLayout<Double>.stride : 0
        // The targets' losses share the examples' tensors, but not what they make of them.
        return MemoryNeed(
            shared: examples * targets.count + center,
            perWorker: evaluator + vectors * loss.parameterCount * scalar + center + sketch + moments)
    }
}

extension Int {
    /// A number of bytes in MiB, rounded up.
    var mebibytes: String { "\((self + 1_048_575) / 1_048_576) MiB" }
}
