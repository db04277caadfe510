public import Development
import Foundation
import Runs
import Sampling
import Tensors

/// Measurements made of what another program's sampler stored: λ̂ with errors and diagnostics at every checkpoint, as if
/// the chains were ours.
///
/// The burn-in that the file states is left out, whatever its writer did. A chain that stops being finite is diverged
/// and takes no part. A checkpoint's loss is the mean over chains of the loss that λ̂ refers to. What needs weights,
/// examples or drifts is absent, and `limitations` says so.
///
/// - Parameter path: A file or directory that `StoredTraces` reads.
/// - Throws: `Failure` for what is missing, contradictory or damaged.
public func importTraces(at path: String) throws -> Measurements {
    do {
        let traces = try StoredTraces(at: path)
        let url = URL(fileURLWithPath: path).standardizedFileURL
        return Measurements(importing: traces, runName: url.deletingPathExtension().lastPathComponent)
    } catch {
        throw Failure(wrapping: error)
    }
}

extension Measurements {
    /// The measurements that stored traces make.
    init(importing traces: StoredTraces, runName: String) {
        var digest = Digest()
        for checkpoint in traces.checkpoints {
            digest.update("step \(checkpoint.step)", checkpoint.initialLosses)
            for losses in checkpoint.losses { digest.update("chain", losses) }
        }
        self.init(
            runName: runName, axis: traces.axis == .step ? .step : .epoch, loss: nil, exampleCount: nil, settings: nil,
            provenance: Provenance(
                version: instarVersion, processors: [], digests: [Entry(name: "traces", value: digest.hex)]),
            hyperparameters: [], tensors: [],
            checkpoints: traces.checkpoints.map { CheckpointMeasurement($0, of: traces) }, outputProducts: nil,
            weightProducts: nil, recordedSeries: [],
            limitations: [
                "imported from \(traces.source): without checkpoints, neither weights nor outputs are analysed",
                "imported losses come without gradients: the stationary identity is not tested",
                "the loss shown is the `init_loss` that \(traces.source) stored",
            ])
        imported = ImportedSampling(
            source: traces.source, nBeta: traces.nBeta, chainCount: traces.chainCount, drawCount: traces.drawCount,
            burnInCount: traces.burnInCount, stepSize: traces.stepSize, localization: traces.localization,
            stated: traces.stated.map { Entry(name: $0.name, value: $0.value) })
    }
}

extension CheckpointMeasurement {
    fileprivate init(_ checkpoint: StoredTraces.Checkpoint, of traces: StoredTraces) {
        let chains = zip(checkpoint.losses, checkpoint.initialLosses).enumerated().map { index, losses in
            ChainTrace(chain: index, losses: losses.0, initialLoss: losses.1)
        }
        self.init(
            step: checkpoint.step,
            loss: checkpoint.initialLosses.reduce(0, +) / Double(checkpoint.initialLosses.count), subsetLosses: [],
            gradientNorm: nil,
            llc: LLCEstimate(
                traces: chains,
                conditions: ChainConditions(
                    nBeta: traces.nBeta, burnInCount: traces.burnInCount, stepSize: traces.stepSize,
                    localization: traces.localization)),
            chains: chains, tensorNorms: [], tensorMovements: [])
    }
}

extension ChainTrace {
    /// A chain of which only losses are known; it ends before the first that is not finite.
    fileprivate init(chain: Int, losses stored: [Double], initialLoss: Double) {
        self.init(chain: chain)
        losses = Array(stored.prefix(while: \.isFinite))
        centerLoss = initialLoss
        lossDifferences = losses.map { $0 - initialLoss }
        if losses.count < stored.count { outcome = .diverged(atDraw: losses.count) }
    }
}

extension Digest {
    /// Adds a named list of numbers.
    fileprivate mutating func update(_ name: String, _ values: [Double]) {
        update(name, Tensor(values, shape: [values.count]))
    }
}
