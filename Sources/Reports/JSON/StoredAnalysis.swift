public import Development
import Sampling
import Tensors

extension AnalysisDocument {
    /// What a document that was changed says against itself, nil where it holds together.
    public var contradiction: String? {
        let steps = checkpoints.map(\.step)
        guard TrainingStep.ascend(steps) else { return "the steps of its checkpoints do not ascend from 0 on" }
        let curve = stages?.curve ?? []
        guard curve.allSatisfy({ $0.step.value != nil && $0.mean.value != nil && $0.slope.value != nil }) else {
            return "the curve that its stages were found on has places without a number"
        }
        for (name, dynamics) in [("essentialDynamics", essentialDynamics), ("weightDynamics", weightDynamics)] {
            guard let dynamics else { continue }
            let count = dynamics.steps.count
            guard dynamics.components.allSatisfy({ $0.scores.count == count && $0.smoothed.count == count }) else {
                return "the components under \(name) have not one value for each of \(count) steps"
            }
        }
        // Each fits an Int; their sum need not.
        let elements = tensors.reduce(0.0) { $0 + Double($1.shape.elementCount) }
        guard elements < 0x1p60 else { return "its tensors have more elements than any checkpoint" }
        return nil
    }
}

extension Analysis {
    /// The conclusions that a document without `contradiction` holds: series, stages and components, as they were written.
    ///
    /// What the document does not hold is absent: chains, weights, inner products between outputs, the evidence beside λ̂.
    public init(_ document: AnalysisDocument) {
        var measurements = Measurements(
            runName: document.run, axis: document.axis, loss: document.loss, exampleCount: document.exampleCount,
            settings: document.settings, provenance: document.provenance, hyperparameters: document.hyperparameters,
            tensors: document.tensors, checkpoints: document.checkpoints.map(CheckpointMeasurement.init),
            outputProducts: nil, weightProducts: nil, recordedSeries: [], limitations: document.limitations)
        measurements.imported = document.imported
        measurements.damaged = document.damaged
        self.init(
            measurements: measurements, stages: document.stages.map(StageFinding.init),
            essentialDynamics: document.essentialDynamics.map(EssentialDynamics.init),
            weightDynamics: document.weightDynamics.map(EssentialDynamics.init), advisories: document.advisories)
    }
}

extension CheckpointMeasurement {
    fileprivate init(_ checkpoint: AnalysisDocument.Checkpoint) {
        self.init(
            step: checkpoint.step, loss: checkpoint.loss.value,
            subsetLosses: checkpoint.subsetLosses.compactMap { subset in subset.value.value.map { (subset.name, $0) } },
            gradientNorm: checkpoint.gradientNorm.value, llc: checkpoint.llc.map(LLCEstimate.init), chains: [],
            tensorNorms: [], tensorMovements: [])
    }
}

extension LLCEstimate {
    fileprivate init(_ llc: AnalysisDocument.LLC) {
        let identity = llc.identityLeft.value.flatMap { left in
            llc.identityRight.value.flatMap { right in
                llc.identityStandardError.value.map {
                    StationaryIdentity(left: left, right: right, standardError: $0)
                }
            }
        }
        self.init(
            value: llc.value.value, standardError: llc.standardError.value, rHat: llc.rHat.value,
            bulkESS: llc.bulkESS.value, tailESS: llc.tailESS.value, identity: identity, stepBias: llc.stepBias.value,
            removedBias: llc.removedBias.value, isAdjusted: llc.isAdjusted, unadjustedError: llc.unadjustedError.value,
            drawCount: llc.drawCount,
            chains: zip(llc.chainValues, llc.divergedAtDraw).map { ChainEvidence(value: $0.value, divergedAtDraw: $1) },
            concerns: llc.concerns)
    }
}

extension StageFinding {
    fileprivate init(_ stages: AnalysisDocument.Stages) {
        let curve = BoundarySearch.Curve(
            steps: stages.curve.map { $0.step.value ?? .nan }, mean: stages.curve.map { $0.mean.value ?? .nan },
            deviation: stages.curve.map { $0.deviation.value ?? .nan },
            slope: stages.curve.map { $0.slope.value ?? .nan })
        let search = stages.supportThreshold.value.map { threshold in
            BoundarySearch(
                boundaries: stages.boundaries.compactMap(Boundary.init),
                rejected: stages.rejected.compactMap(Boundary.init),
                curve: curve, supportThreshold: threshold, noise: stages.noise.value ?? 0,
                unresolved: stages.unresolved.compactMap(range))
        }
        self.init(
            method: Method(stages.method), boundaries: stages.boundaries.compactMap(Boundary.init), search: search,
            stages: stages.stages.compactMap(Stage.init), excludedSteps: stages.excludedSteps)
    }
}

extension Boundary {
    fileprivate init?(_ boundary: AnalysisDocument.Boundary) {
        guard let step = boundary.step.value, let interval = range(boundary.interval),
            let inner = range(boundary.innerInterval)
        else { return nil }
        self.init(
            step: step, interval: interval, innerInterval: inner, support: boundary.support.value,
            relativeSlope: boundary.relativeSlope.value, sharpness: boundary.sharpness.value)
    }
}

extension Stage {
    fileprivate init?(_ stage: AnalysisDocument.Stage) {
        guard let start = stage.start.value, let end = stage.end.value else { return nil }
        self.init(
            start: start, end: end, lossChange: stage.lossChange.flatMap(Estimate.init),
            llcChange: stage.llcChange.flatMap(Estimate.init), kind: Kind(rawValue: stage.kind) ?? .undecided)
    }
}

extension Estimate {
    fileprivate init?(_ uncertain: AnalysisDocument.Uncertain) {
        guard let value = uncertain.value.value, let error = uncertain.standardError.value else { return nil }
        self.init(value: value, standardError: error)
    }
}

extension EssentialDynamics {
    fileprivate init(_ dynamics: AnalysisDocument.Dynamics) {
        self.init(
            steps: dynamics.steps,
            components: dynamics.components.map { component in
                Component(
                    scores: component.scores.map { $0.value ?? .nan },
                    smoothed: component.smoothed.map { $0.value ?? .nan },
                    share: component.share.value ?? .nan, brownianShare: component.brownianShare.value ?? .nan)
            }, planes: [])
    }
}

/// Both ends of a range, ascending; nil where one is missing.
private func range(_ ends: [Nullable]) -> ClosedRange<Double>? {
    guard ends.count == 2, let low = ends[0].value, let high = ends[1].value, low <= high else { return nil }
    return low...high
}
