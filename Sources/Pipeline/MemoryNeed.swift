import Development
import Graphs
import Runs
import Sampling
import Tensors

/// The bytes that measuring takes, counted before it starts.
struct MemoryNeed: Sendable, Equatable {
    /// One part of the work; they follow each other.
    struct Phase: Sendable, Equatable {
        let name: String
        /// What all workers share.
        let shared: Int
        /// What each of them adds.
        let perWorker: Int

        func total(workers: Int) -> Int { shared + workers * perWorker }
    }

    let phases: [Phase]

    /// The bytes for that many workers: those of the phase that takes most.
    func total(workers: Int) -> Int { phases.map { $0.total(workers: workers) }.max() ?? 0 }

    /// As many of the wanted workers as the limits allow; results do not depend on it.
    ///
    /// - Parameters:
    ///   - limit: The most bytes of memory.
    ///   - addressSpace: The most bytes of address space; nil: any number.
    /// - Throws: `unsupported` where not even one fits into the memory, `io` where none fits into the address space.
    func workers(
        wanted: Int, limit: Int, addressSpace: Int? = remainingAddressSpace
    ) throws(Failure) -> Int {
        guard total(workers: 1) <= limit else {
            throw Failure(
                .unsupported,
                "measuring takes about \(total(workers: 1).mebibytes) with one worker (\(text(workers: 1))), and "
                    + "\(limit.mebibytes) are allowed (--memory; unless stated, three quarters of what there is). Raise it, or use a "
                    + "machine with more; fewer checkpoints (--every) take less too"
            )
        }
        try requireAddressSpace(total(workers: 1) + addressSpacePerWorker, remaining: addressSpace)
        return phases.reduce(wanted) { workers, phase in
            let inMemory = phase.perWorker > 0 ? (limit - phase.shared) / phase.perWorker : wanted
            guard let addressSpace else { return min(workers, inMemory) }
            return min(
                workers, inMemory, (addressSpace - phase.shared) / (phase.perWorker + addressSpacePerWorker))
        }
    }

    /// What each phase takes.
    func text(workers: Int) -> String {
        phases.map { "\($0.name) \($0.total(workers: workers).mebibytes)" }.joined(separator: ", ")
    }
}

extension Work {
    /// What measuring takes.
    ///
    /// - Parameter isShare: Whether units are only stored, as a share of several processes, and not gathered.
    func memoryNeed(isShare: Bool = false) throws -> MemoryNeed {
        switch settings.sampling?.precision ?? .float {
        case .float: try memoryNeed(Float.self, isShare: isShare)
        case .double: try memoryNeed(Double.self, isShare: isShare)
        }
    }

    /// The number of workers: what was asked for, as far as the memory goes.
    func jobCount(_ options: MeasureOptions, isShare: Bool = false) throws -> Int {
        try run.series.workers(wanted: options.jobCount, options) { try memoryNeed(isShare: isShare) }
    }

    private func memoryNeed<Scalar: Real>(_ type: Scalar.Type, isShare: Bool) throws -> MemoryNeed {
        let count = selection.count
        let evaluation = try model.map { try Evaluation(model: $0, sampling: settings.sampling, as: Scalar.self) }
        let checkpoint = run.series.byteCount
        // What is known of all checkpoints so far, once as surveys and once as measurements.
        let records = count * (2_048 + tensors.count * 160)
        let program = programByteCount + records
        let held = run.series.heldLimit * checkpoint
        // A reading process hands one checkpoint over in memory that it keeps for the next.
        let reading = readerByteCount + checkpoint
        let surveying = MemoryNeed.Phase(
            name: "surveying", shared: program + held + 2 * checkpoint + (evaluation?.examples ?? 0),
            perWorker: checkpoint + reading + surveyScratch + (evaluation?.survey ?? 0))
        var phases = [surveying]
        var traces = 0
        if let model { phases.append(try model.settingsNeed(series: run.series)) }
        if let sampling = settings.sampling, let evaluation {
            let chainTrace = sampling.storedDrawCount * 8 * 5
            // More than there is anywhere, and still to be added to: the product may be beyond Int.
            let allTraces = Double(targets.count * count) * Double(sampling.chainCount) * Double(chainTrace)
            traces = isShare ? 0 : Int(min(allTraces, 1e17))
            phases.append(
                MemoryNeed.Phase(
                    name: "sampling",
                    // A short calibration comes before the surveys.
                    shared: program + (shortEffort == nil ? 0 : held) + traces + evaluation.examples * targets.count
                        + evaluation.center,
                    perWorker: reading + evaluation.evaluator + evaluation.center + chainTrace
                        + max(checkpoint + evaluation.center, evaluation.chain)))
        }
        if isShare { return MemoryNeed(phases: phases) }
        let matrices = (model == nil ? 1 : 2) * 8 * count * count
        let vectors = 2 * min(count, vectorBlockSize) * longestVector * MemoryLayout<Float>.stride + productScratch
        // The file is built in memory beside what it is made from, and its image copied once to be written.
        let file = 2 * (matrices + traces + records)
        phases.append(
            MemoryNeed.Phase(
                name: "inner products", shared: program + matrices + traces + max(vectors, file), perWorker: 0))
        return MemoryNeed(phases: phases)
    }

    /// What taking a survey adds to the checkpoints: a Double copy of tensors of other types than Float, the products
    /// that ranks are taken of, and the projections as they are written.
    private var surveyScratch: Int {
        let copies = run.series.tensors.map { $0.elementType.isWidenedToFloat ? 0 : 3 * 8 * $0.shape.elementCount }
        let ranks = tensors.compactMap { tensor -> Int? in
            guard MatrixRank.isMeasured(tensor.shape), let sides = MatrixRank.sides(of: tensor.shape) else {
                return nil
            }
            let (short, long) = (min(sides.rows, sides.columns), max(sides.rows, sides.columns))
            return 8 * (short * min(long, 4_096) + 2 * short * short)
        }
        return (copies.max() ?? 0) + (ranks.max() ?? 0) + 8 * 4 * Projection.limit
    }

    /// The numbers of the longer of the two vectors that are stored of a checkpoint.
    private var longestVector: Int {
        let outputs = model.map { $0.outputCount(of: Probe(model: $0)) } ?? 0
        return [outputs, tensors.filter(\.isSampled).reduce(0) { $0 + $1.shape.elementCount }]
            .map { $0 > Projection.limit ? Projection.bucketCount : $0 }.max() ?? 0
    }
}

extension LoadedModel {
    /// What deciding the settings takes, which looks at curvatures in Double.
    func settingsNeed(series: CheckpointSeries) throws -> MemoryNeed.Phase {
        let evaluation = try Evaluation(model: self, sampling: nil, as: Double.self)
        // The direction, two displaced centers and their gradients.
        let vectors = 5 * MemoryLayout<Double>.stride * binding.parameterCount
        return MemoryNeed.Phase(
            name: "settings", shared: programByteCount + series.heldLimit * series.byteCount + evaluation.examples,
            perWorker: readerByteCount + 2 * series.byteCount + evaluation.survey + vectors)
    }
}

/// What evaluating a model takes, in bytes.
private struct Evaluation {
    /// The examples, as read and as a loss holds them.
    let examples: Int
    /// A center and the losses there.
    let center: Int
    /// The workspace of a worker, which prepares a center or advances a chain, one after the other.
    let evaluator: Int
    /// What a survey takes: workspace, center and gradient.
    let survey: Int
    /// What a chain keeps besides.
    let chain: Int

    init<Scalar: Real>(model: LoadedModel, sampling: SamplingSettings?, as type: Scalar.Type) throws {
        let loss = try model.loss(as: Scalar.self)
        let scalar = MemoryLayout<Scalar>.stride
        let tensors = Array(model.examples.inputs.values) + (model.examples.targets.map { [$0] } ?? [])
        examples = tensors.reduce(0) { $0 + $1.count * ($1.integers == nil ? 2 * scalar : 16) }
        center = loss.parameterCount * scalar + loss.exampleCount * MemoryLayout<Double>.stride
        let whole = loss.evaluatorByteCount(capacity: fullLossChunk)
        evaluator = max(whole, sampling.map { loss.evaluatorByteCount(capacity: $0.batchSize) } ?? 0)
        // The gradient is a sum over chunks: one in the making, and the sum in Double.
        survey = whole + center + loss.parameterCount * (scalar + MemoryLayout<Double>.stride)
        guard let sampling else {
            chain = 0
            return
        }
        // Position, gradient and what else the sampler keeps or tries: a copy for each.
        let vectors: Int =
            switch sampling.method {
            case .sgld: 4
            case .rmspropSGLD, .adaptiveRMSpropSGLD, .sgnht: 4
            case .mala, .hmc: 6
            }
        let sketch = 2 * 2 * sampling.observations.covarianceRank * model.subset.count * scalar
        // Indices, losses and differences of a minibatch, and its examples in order.
        let minibatch = sampling.batchSize * 5 * 8
        let moments = sampling.observations.interval > 0 ? 4 * loss.exampleCount * MemoryLayout<Double>.stride : 0
        chain = vectors * loss.parameterCount * scalar + sketch + moments + minibatch
    }
}

/// The program itself, with what its libraries keep.
private let programByteCount = 96 << 20
/// A process that reads files, without what it reads.
private let readerByteCount = 32 << 20
/// Checkpoints that are held, at most.
private let heldByteLimit = 1 << 30
/// The rows that are multiplied, in Double, and their products.
private let productScratch = 24 << 20

extension RunDirectory {
    /// The same run, which holds checkpoints from the checks to the surveys, so that none is read more than twice: the first,
    /// those that settings are derived from, the one more of a short calibration and the one more with recorded outputs.
    /// Of very large ones fewer: reading some of them once more is the lesser harm. Without a loss nothing is checked.
    func holdingChecked() -> RunDirectory {
        modelPath == nil || examplesPath == nil ? self : holding(min(8, heldByteLimit / max(1, series.byteCount)))
    }
}

extension CheckpointSeries {
    /// The bytes of a checkpoint in memory, its numbers widened.
    var byteCount: Int {
        tensors.reduce(0) { $0 + $1.shape.elementCount * ($1.elementType.isWidenedToFloat ? 4 : 8) }
    }

    /// As many of the wanted workers as the limits allow; where they allow fewer than wanted, nothing is held any more.
    func workers(
        wanted: Int, _ options: MeasureOptions, for need: () throws -> MemoryNeed
    ) throws -> Int {
        if try need().total(workers: wanted) > options.memoryLimit { release() }
        return try need().workers(wanted: wanted, limit: options.memoryLimit)
    }
}

extension ElementType {
    /// Whether a tensor of the type is held as Float.
    fileprivate var isWidenedToFloat: Bool { [.float16, .bfloat16, .float32].contains(self) }
}

extension SamplingSettings {
    /// The most draws that are kept of a chain.
    fileprivate var storedDrawCount: Int {
        targetError == nil ? totalDrawCount : max(totalDrawCount, burnInCount + drawLimit)
    }
}

extension Int {
    /// A number of bytes in MiB, rounded up.
    var mebibytes: String { "\((self + 1_048_575) / 1_048_576) MiB" }
}
