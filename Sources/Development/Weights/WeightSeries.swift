import Foundation

extension Measurements {
    /// How fast the weights move: the log of the distance moved per unit of log(step + 1).
    ///
    /// The first series is that of all sampled tensors together; those of single tensors, in the order of `tensors`,
    /// follow where there are several. A movement between checkpoints a and b belongs to no checkpoint, so it stands at
    /// the middle of its interval on the axis that it is a rate of: √((a+1)(b+1)) − 1. A rate that changes at a
    /// checkpoint then changes between the points on either side of it, where a label at the later checkpoint would put
    /// the change half an interval too late. Intervals in which nothing moved have no logarithm and no point; a tensor
    /// that never moved has no series.
    ///
    /// To be told from its neighbours, the rate wants intervals of some length: rounding and minibatch noise are part of
    /// every movement, and among frequent checkpoints they are most of it.
    public var movementSeries: [ChangePointFinding.Series] {
        let whole = movementSeries(name: "movement of the weights", weightMovements)
        let single = tensors.indices.map { tensor in
            movementSeries(name: "movement of \(tensors[tensor].name)", checkpoints.map { $0.tensorMovements[tensor] })
        }
        return ([whole] + (tensors.count > 1 ? single : [])).filter { !$0.values.isEmpty }
    }

    /// The distance that all sampled tensors together moved since the previous checkpoint. Axes `[checkpoint]`; 0 at the
    /// first.
    public var weightMovements: [Double] {
        checkpoints.map { checkpoint in
            zip(tensors, checkpoint.tensorMovements).filter(\.0.isSampled).reduce(0) { $0 + $1.1 * $1.1 }.squareRoot()
        }
    }

    /// The angle between the displacement of all sampled tensors together and the one before, in radians, as
    /// `CheckpointMeasurement.tensorTurns`; nil at the first two checkpoints, where nothing moved, and where the turn of
    /// a tensor that moved is unknown. Axes `[checkpoint]`.
    public var weightTurns: [Double?] {
        let movements = weightMovements
        return checkpoints.indices.map { place in
            guard place > 1 else { return nil }
            let (last, now) = (checkpoints[place - 1], checkpoints[place])
            // |u|·|v|·cos θ, tensor by tensor, is the inner product of the whole displacements.
            var product = 0.0
            for tensor in tensors.indices where tensors[tensor].isSampled {
                let lengths = last.tensorMovements[tensor] * now.tensorMovements[tensor]
                guard lengths != 0 else { continue }
                guard let turn = now.tensorTurns[tensor] else { return nil }
                product += lengths * cos(turn)
            }
            return angle(product: product, movements[place - 1], movements[place])
        }
    }

    /// - Parameter movements: Axes `[checkpoint]`.
    private func movementSeries(name: String, _ movements: [Double]) -> ChangePointFinding.Series {
        var series = ChangePointFinding.Series(name: name, steps: [], values: [])
        for (place, checkpoint) in checkpoints.enumerated().dropFirst() {
            let ends = (log1p(Double(checkpoints[place - 1].step)), log1p(Double(checkpoint.step)))
            let rate = log(movements[place] / (ends.1 - ends.0))
            guard rate.isFinite else { continue }
            series.steps.append(expm1((ends.0 + ends.1) / 2))
            series.values.append(rate)
        }
        return series
    }
}
