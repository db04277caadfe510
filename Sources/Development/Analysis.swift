import Tensors

/// What was concluded from the measurements of one run: the value that reports are made of.
public struct Analysis: Sendable {
    /// The measurements it was derived from.
    public var measurements: Measurements
    /// Stages found on the LLC series; nil where there is no such series (with fewer than eight usable points too).
    public var stages: StageFinding?
    /// Principal components of the outputs on the probe set.
    public var essentialDynamics: EssentialDynamics?
    /// Principal components of the sampled weights.
    public var weightDynamics: EssentialDynamics?
    /// What the reader must know before believing the rest, gravest first.
    public var advisories: [Advisory]

    /// Creates an analysis from its parts.
    public init(
        measurements: Measurements, stages: StageFinding?, essentialDynamics: EssentialDynamics?,
        weightDynamics: EssentialDynamics?, advisories: [Advisory]
    ) {
        self.measurements = measurements
        self.stages = stages
        self.essentialDynamics = essentialDynamics
        self.weightDynamics = weightDynamics
        self.advisories = advisories
    }

    /// Derives everything that follows from the measurements, without sampling again; deterministic.
    ///
    /// A derivation that is numerically impossible is left out and an advisory says so.
    public init(measurements: Measurements) {
        var failures: [Advisory] = []
        func attempt<Value>(_ name: String, _ derive: () throws(LinearAlgebraError) -> Value?) -> Value? {
            do throws(LinearAlgebraError) {
                return try derive()
            } catch {
                failures.append(
                    Advisory(
                        severity: .warning, finding: "\(name) could not be computed: \(error)",
                        remedy: "Check the measurements for values that are not finite or vary beyond all proportion."))
                return nil
            }
        }
        let steps = measurements.checkpoints.map(\.step)
        let usable = measurements.usablePoints
        let stages = attempt("The stages") { () throws(LinearAlgebraError) in
            try StageFinding(points: usable, excludedSteps: measurements.unusableSteps)
        }
        let outputs = attempt("Essential dynamics") { () throws(LinearAlgebraError) in
            try measurements.outputProducts.flatMap { products throws(LinearAlgebraError) in
                try EssentialDynamics(products: products, steps: steps)
            }
        }
        let weights = attempt("The components of the weights") { () throws(LinearAlgebraError) in
            try measurements.weightProducts.flatMap { products throws(LinearAlgebraError) in
                try EssentialDynamics(products: products, steps: steps)
            }
        }
        self.init(
            measurements: measurements, stages: stages, essentialDynamics: outputs, weightDynamics: weights,
            advisories: Advisory.gravestFirst(
                failures + measurements.advisories(stages: stages?.stages ?? [])
                    + Advisory.concerning(stages: stages, usableCount: usable.count, of: measurements)
                    + Advisory.concerning(dynamics: outputs)))
    }
}
