import Foundation
import Sampling
import Tensors
import TestSupport

@testable import Development

/// Measurements of a made-up run with one boundary, near step 240, for tests of what is derived from them.
func madeUpRun(
    name: String = "made up", stepSize: Double = 1e-4, seed: UInt64 = 1,
    change: (inout [CheckpointMeasurement]) -> Void = { _ in }
) -> Measurements {
    let signal = PlantedSignal([.init(center: 3, rate: 3, height: 30), .init(center: 8, rate: 3, height: 20)])
    let steps = logSpacedSteps(count: 45, last: 50_000)
    var normals = RepeatableNormals(seed: seed)
    var checkpoints = steps.map { step in
        CheckpointMeasurement(
            step: step, loss: 5 - 0.4 * log1p(Double(step)), subsetLosses: [], gradientNorm: 0.1,
            llc: madeUpEstimate(signal.value(at: Double(step)) + 0.5 * normals.next()), chains: [],
            tensorNorms: [1], tensorMovements: [0.1])
    }
    change(&checkpoints)
    let outputs = checkpoints.map { checkpoint -> [Double] in
        let x = log1p(Double(checkpoint.step))
        return [x, sin(x), 0.1 * cos(2 * x)]
    }
    return Measurements(
        runName: name, axis: .step, loss: LossDescription(name: "cross-entropy", unit: "nats"), exampleCount: 1000,
        settings: SamplingSettings(
            chainCount: 4, drawCount: 500, burnInCount: 100, batchSize: 64, minibatches: .iid, stepSize: stepSize,
            nBeta: 1000 / log(1000), localization: 1, seed: seed, precision: .double),
        provenance: Provenance(version: "1.0.0", processors: ["kind A"], digests: []),
        hyperparameters: [Entry(name: "learning rate", value: "0.001")],
        tensors: [TensorSummary(name: "weight", shape: Shape([20, 10]), isSampled: true)], checkpoints: checkpoints,
        outputProducts: InnerProducts(
            values: gram(rows: outputs), count: outputs.count, dimension: 3, probeDigest: "probe"),
        weightProducts: nil, recordedSeries: [], limitations: [])
}

func madeUpEstimate(_ value: Double?, concerns: [Concern] = []) -> LLCEstimate {
    LLCEstimate(
        value: value, standardError: value.map { _ in 0.5 }, rHat: 1, bulkESS: 400, tailESS: 400, identity: nil,
        stepBias: nil, drawCount: 500, chains: [], concerns: concerns)
}

func boundary(at step: Double, within interval: ClosedRange<Double>) -> Boundary {
    Boundary(step: step, interval: interval, innerInterval: interval, support: 1, relativeSlope: 0, sharpness: 1)
}
