import Tensors

/// What was concluded from the measurements of one run: the value that reports are made of.
public struct Analysis: Sendable {
    /// The measurements it was derived from.
    public var measurements: Measurements
    /// The stages, by the LLC where there is such a series, else by weaker evidence; nil where nothing can carry them.
    public var stages: StageFinding?
    /// What there is beside λ̂ to judge the stages by.
    public var evidence: Evidence
    /// Principal components of the outputs on the probe set.
    public var essentialDynamics: EssentialDynamics?
    /// Principal components of the sampled weights.
    public var weightDynamics: EssentialDynamics?
    /// What the reader must know before believing the rest, gravest first.
    public var advisories: [Advisory]

    /// Creates an analysis from its parts.
    public init(
        measurements: Measurements, stages: StageFinding?, evidence: Evidence = Evidence(),
        essentialDynamics: EssentialDynamics?, weightDynamics: EssentialDynamics?, advisories: [Advisory]
    ) {
        self.measurements = measurements
        self.stages = stages
        self.evidence = evidence
        self.essentialDynamics = essentialDynamics
        self.weightDynamics = weightDynamics
        self.advisories = advisories
    }

    /// Derives everything that follows from the measurements, without sampling again; deterministic.
    ///
    /// A derivation that is numerically impossible is left out and an advisory says so. In a task that is cancelled parts
    /// may be missing: look whether it was before you use the analysis.
    ///
    /// - Parameter method: The witness whose boundaries cut the stages; nil takes the best there is: λ̂, else the loss,
    ///   else the changes of all series together.
    public init(measurements: Measurements, method: Method? = nil) {
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
        let lossSearch = attempt("The boundaries of the loss") { () throws(LinearAlgebraError) in
            try BoundarySearch(losses: measurements.losses)
        }
        let testimony = Testimonies(
            measurements: measurements, outputs: outputs, weights: weights, lossSearch: lossSearch)
        let stages = attempt("The stages") { () throws(LinearAlgebraError) in
            try testimony.stages(by: method)
        }
        let evidence = testimony.evidence(for: stages)
        self.init(
            measurements: measurements, stages: stages, evidence: evidence,
            essentialDynamics: outputs, weightDynamics: weights,
            advisories: Advisory.gravestFirst(
                failures + measurements.advisories(stages: stages?.stages ?? [])
                    + Advisory.concerning(
                        stages: stages, usableCount: measurements.usablePoints.count, of: measurements)
                    + Advisory.concerning(fitOf: stages, evidence: evidence, of: measurements)
                    + Advisory.concerning(dynamics: outputs)))
    }
}
