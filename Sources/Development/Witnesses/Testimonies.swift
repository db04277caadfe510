import Tensors

/// Everything that can testify to the stages of one run, gathered once.
struct Testimonies {
    private let measurements: Measurements
    private let outputs: EssentialDynamics?
    private let weights: EssentialDynamics?
    private let lossSearch: BoundarySearch?
    private let together: ChangePointFinding
    private let groups: [(name: String, finding: ChangePointFinding)]

    init(
        measurements: Measurements, outputs: EssentialDynamics?, weights: EssentialDynamics?,
        lossSearch: BoundarySearch?
    ) {
        self.measurements = measurements
        self.outputs = outputs
        self.weights = weights
        self.lossSearch = lossSearch
        let series = measurements.series(outputs: outputs, weights: weights)
        // Tensors are many; together with the others the movement of all of them stands for each.
        together = ChangePointFinding(
            of: series.flatMap { $0.group == Measurements.movementGroup ? Array($0.1.prefix(1)) : $0.1 })
        groups = series.map { ($0.group, ChangePointFinding(of: $0.1)) }.filter { !$0.1.names.isEmpty }
    }

    /// The stages that a method gives; nil where the run has nothing for it.
    func stages(by method: Method?) throws(LinearAlgebraError) -> StageFinding? {
        let points = measurements.usablePoints
        if method == nil || method == .llc,
            let finding = try StageFinding(points: points, excludedSteps: measurements.unusableSteps)
        {
            return finding
        }
        // A run whose λ̂ was measured and came out unusable is not judged by less without being told to.
        guard method != .llc, method != nil || !measurements.checkpoints.contains(where: { $0.llc != nil }),
            let (chosen, boundaries) = boundaries(by: method),
            let first = measurements.checkpoints.first?.step, let last = measurements.checkpoints.last?.step
        else { return nil }
        return try StageFinding(
            boundaries: boundaries, method: chosen, points: points, losses: measurements.losses,
            span: Double(first)...Double(last), excludedSteps: measurements.unusableSteps)
    }

    private func boundaries(by method: Method?) -> (Method, [Boundary])? {
        switch method {
        case nil: return boundaries(by: .loss) ?? boundaries(by: .changePoints)
        case .llc: return nil
        case .loss: return lossSearch.map { (.loss, $0.boundaries) }
        case .changePoints:
            return together.names.isEmpty ? nil : (.changePoints, together.changePoints.map(Boundary.init))
        case .series(let name):
            return groups.first { $0.name == name }.map { (.series(name), $0.finding.changePoints.map(Boundary.init)) }
        }
    }

    /// The evidence beside the stages.
    func evidence(for stages: StageFinding?) -> Evidence {
        var evidence = Evidence()
        evidence.lossSearch = lossSearch
        evidence.changePoints = (together.names.count > 1 ? [together] : []) + groups.map(\.finding)
        let losses = measurements.losses
        if !losses.isEmpty {
            evidence.powerLaws = PowerLaw.fits(
                steps: losses.map { Double($0.step) }, losses: losses.map(\.loss),
                within: stages?.stages.map { $0.start...$0.end } ?? [])
        }
        if let stages {
            evidence.trades = stages.stages.map { stage in
                guard let count = measurements.exampleCount, let loss = stage.lossChange, let llc = stage.llcChange
                else { return nil }
                return FreeEnergyTrade(exampleCount: count, lossChange: loss, llcChange: llc)
            }
            let others = witnesses(except: stages.method)
            if let span = Analysis.searchedSpan(measurements.checkpoints.map(\.step)), !others.isEmpty {
                evidence.table = WitnessTable(others, boundaries: stages.boundaries, span: span)
            }
        }
        evidence.equalLossPair = measurements.equalLossPair
        return evidence
    }

    /// All witnesses but the one that the boundaries are of.
    private func witnesses(except method: Method) -> [Witness] {
        var witnesses: [Witness] = []
        if method != .loss, let lossSearch {
            witnesses.append(
                Witness(name: "loss", kind: .rest, places: lossSearch.boundaries.map(Witness.Place.init)))
        }
        func changes(_ name: String, _ finding: ChangePointFinding) -> Witness {
            Witness(
                name: name, kind: .changePoints,
                places: finding.changePoints.map { Witness.Place(step: $0.step, interval: $0.between) })
        }
        for (name, dynamics) in [("outputs", outputs), ("weights", weights)] {
            guard let dynamics, dynamics.nullTest != nil else { continue }
            witnesses.append(
                Witness(
                    name: name, kind: .forms,
                    places: dynamics.forms.filter(\.beatsNull).sorted { $0.step < $1.step }.map {
                        Witness.Place(step: $0.step, interval: $0.interval)
                    }))
        }
        witnesses += groups.filter { method != .series($0.name) }.map { changes($0.name, $0.finding) }
        if method != .changePoints, together.names.count > 1 {
            witnesses.append(changes("all series together", together))
        }
        return witnesses
    }
}

extension Measurements {
    /// Two solutions of nearly the same training loss, told apart by the first held-out subset that tells any.
    fileprivate var equalLossPair: EqualLossPair? {
        guard let exampleCount, let names = checkpoints.first?.subsetLosses.map(\.name) else { return nil }
        for name in names where name != "train" {
            let points = checkpoints.compactMap { checkpoint -> (CheckpointMeasurement, Double, Double)? in
                guard let loss = checkpoint.loss,
                    let heldOut = checkpoint.subsetLosses.first(where: { $0.name == name })?.loss
                else { return nil }
                return (checkpoint, loss, heldOut)
            }
            let usable = Dictionary(uniqueKeysWithValues: usablePoints.map { ($0.step, $0.llc) })
            let pair = EqualLossPair(
                steps: points.map(\.0.step), trainingLosses: points.map(\.1), heldOutLosses: points.map(\.2),
                llc: points.map { usable[$0.0.step] }, exampleCount: exampleCount)
            if let pair { return pair }
        }
        return nil
    }
}
