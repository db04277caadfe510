import HDF5
import Tensors

extension StoredTraces {
    /// Traces without the losses, which stand in two tensors beside it.
    struct Outline: Codable {
        var source: String
        var axis: CheckpointSeries.Axis
        var steps: [Int]
        var nBeta: Double
        var burnInCount: Int
        var stepSize: Double?
        var localization: Double?
        var stated: [Statement]
    }

    /// Gives `sink` the initial losses, axes `[checkpoint, chain]`, and the losses, axes `[checkpoint, chain, draw]`.
    func withoutDraws(into sink: some TensorSink) throws(RunError) -> Outline {
        let count = checkpoints.count
        let drawCount = checkpoints.first?.losses.first?.count ?? 0
        try readingHDF5 { () throws(HDF5Error) in
            try sink.add(
                Tensor(checkpoints.flatMap(\.initialLosses), shape: [count, chainCount]), name: "init_loss")
            try sink.add(
                Tensor(checkpoints.flatMap { $0.losses.flatMap(\.self) }, shape: [count, chainCount, drawCount]),
                name: "loss")
        }
        return Outline(
            source: source, axis: axis, steps: checkpoints.map(\.step), nBeta: nBeta, burnInCount: burnInCount,
            stepSize: stepSize, localization: localization, stated: stated)
    }

    /// The inverse of `withoutDraws`.
    ///
    /// - Throws: `malformed` where the tensors are not those that it gives.
    init(_ outline: Outline, draws: [NamedTensor], path: String) throws(RunError) {
        guard draws.count == 2, draws[1].tensor.shape.rank == 3,
            draws[0].tensor.shape.dimensions == Array(draws[1].tensor.shape.dimensions.dropLast()),
            draws[0].tensor.shape.dimensions[0] == outline.steps.count
        else {
            throw RunError(
                .malformed, "could not be read: its contents do not fit together; copy or save it again", path: path)
        }
        let (chainCount, drawCount) = (draws[1].tensor.shape.dimensions[1], draws[1].tensor.shape.dimensions[2])
        let (initial, losses) = (draws[0].tensor.values(as: Double.self), draws[1].tensor.values(as: Double.self))
        self.init(
            source: outline.source, axis: outline.axis,
            checkpoints: outline.steps.enumerated().map { place, step in
                Checkpoint(
                    step: step, initialLosses: Array(initial[place * chainCount..<(place + 1) * chainCount]),
                    losses: (0..<chainCount).map { chain in
                        let start = (place * chainCount + chain) * drawCount
                        return Array(losses[start..<start + drawCount])
                    })
            },
            nBeta: outline.nBeta, burnInCount: outline.burnInCount, stepSize: outline.stepSize,
            localization: outline.localization, stated: outline.stated)
    }
}
