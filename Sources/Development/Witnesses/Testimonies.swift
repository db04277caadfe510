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
        // There may be thousands: in a task that is cancelled the rest is left out, and what called for it must not go on.
        var groups: [(name: String, finding: ChangePointFinding)] = []
        for (group, members) in series where !Task.isCancelled {
            let finding = ChangePointFinding(of: members)
            if !finding.names.isEmpty { groups.append((group, finding)) }
        }
        self.groups = groups
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
            let others = witnesses(beside: stages)
            if let span = measurements.searchedSpan(by: stages.method), !others.isEmpty {
                evidence.table = WitnessTable(others, boundaries: stages.boundaries, span: span)
            }
        }
        evidence.equalLossPair = measurements.equalLossPair
        return evidence
    }

    /// All witnesses but the one that the boundaries are of; those that look at its series are marked.
    private func witnesses(beside stages: StageFinding) -> [Witness] {
        let method = stages.method
        func sharesData(_ name: String) -> Bool {
            switch method {
            case .llc: name == Measurements.llcGroup
            case .loss: name == "loss"
            case .changePoints: true
            case .series(let own): name == own
            }
        }
        var witnesses: [Witness] = []
        func add(_ name: String, _ kind: Witness.Kind, _ places: [Witness.Place], sharesData isShared: Bool? = nil) {
            witnesses.append(
                Witness(name: name, kind: kind, sharesData: isShared ?? sharesData(name), places: places))
        }
        func changes(_ finding: ChangePointFinding) -> [Witness.Place] {
            finding.changePoints.map { Witness.Place(step: $0.step, interval: $0.between) }
        }
        if method != .llc, let search = stages.search {
            add(Measurements.llcGroup, .rest, search.boundaries.map(Witness.Place.init))
        }
        if method != .loss, let lossSearch { add("loss", .rest, lossSearch.boundaries.map(Witness.Place.init)) }
        for (name, dynamics) in [("outputs", outputs), ("weights", weights)] {
            guard let dynamics, dynamics.nullTest != nil else { continue }
            let forms = dynamics.forms.filter(\.beatsNull).sorted { $0.step < $1.step }
            add(name, .forms, forms.map { Witness.Place(step: $0.step, interval: $0.interval) })
        }
        for group in groups where method != .series(group.name) {
            add(group.name, .changePoints, changes(group.finding))
        }
        if method != .changePoints, together.names.count > 1 {
            add("all series together", .changePoints, changes(together), sharesData: true)
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
