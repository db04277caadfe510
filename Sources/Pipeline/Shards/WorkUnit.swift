import Runs
import Sampling

/// What is measured and stored at a time: the survey of a checkpoint, or a chain there.
struct WorkUnit: Sendable, Equatable {
    /// The checkpoint's place in the selection.
    let place: Int
    let step: Int
    /// What is sampled, by its place among the targets; 0 for a survey.
    let target: Int
    /// nil for a survey.
    let chain: Int?
    /// The name of its file without the suffix, by which it can be asked for.
    let name: String
    /// What it is estimated to take, in gradients of one example: the same on every machine.
    let cost: Double
}

extension Work {
    /// All units, those of a checkpoint together.
    func units(_ store: MeasurementStore) -> [WorkUnit] {
        let chainCount = settings.sampling?.chainCount ?? 0
        let surveyCost = Double(max(1, model?.trainingIndices.count ?? 1))
        let chains = targets.map { target in
            let exampleCount = target.model.trainingIndices.count
            let cost =
                settings.sampling.map {
                    Double($0.totalDrawCount * $0.batchSize) * $0.gradientsPerDraw(exampleCount: exampleCount)
                } ?? 0
            return (key: target.key, cost: cost)
        }
        var units: [WorkUnit] = []
        units.reserveCapacity(selection.count * (1 + targets.count * chainCount))
        for (place, index) in selection.enumerated() {
            let step = run.series.references[index].step
            units.append(
                WorkUnit(
                    place: place, step: step, target: 0, chain: nil, name: store.surveyName(step: step),
                    cost: surveyCost))
            for (target, of) in chains.enumerated() {
                for chain in 0..<chainCount {
                    units.append(
                        WorkUnit(
                            place: place, step: step, target: target, chain: chain,
                            name: store.chainName(step: step, restriction: of.key, chain: chain), cost: of.cost))
                }
            }
        }
        return units
    }

    /// Whether two units must be worked on by one process: chains that are lengthened until their common error is small.
    func areInseparable(_ unit: WorkUnit, _ next: WorkUnit) -> Bool {
        settings.sampling?.targetError != nil && unit.chain != nil && next.chain != nil && unit.place == next.place
            && unit.target == next.target
    }

    /// The units of a share.
    ///
    /// - Throws: `usage` for a name that no unit has, or one of chains that must be worked on together.
    func units(of share: Share, in units: [WorkUnit]) throws(Failure) -> [WorkUnit] {
        switch share {
        case .shard(let shard): return shard.share(of: units, areInseparable: areInseparable)
        case .named(let names):
            guard settings.sampling?.targetError == nil else {
                throw Failure(
                    .usage,
                    "--unit: with --target-error the chains of a checkpoint are lengthened together. State --shard instead"
                )
            }
            let wanted = Set(names)
            let found = units.filter { wanted.contains($0.name) }
            let known = Set(found.map(\.name))
            if let unknown = names.first(where: { !known.contains($0) }) {
                throw Failure(
                    .usage,
                    "--unit \(unknown): no unit of this run has that name. `instar measure --dry-run --json` lists them"
                )
            }
            return found
        }
    }
}

/// What a process does of the work of a run.
public enum Share: Sendable, Equatable {
    /// One of several shares.
    case shard(Shard)
    /// The units with these names, as `--dry-run --json` lists them.
    case named([String])
}
