import Development
import Sampling

extension RunReport {
    /// The most checkpoints whose traces are drawn.
    private static let traceLimit = 6
    /// The most points of a chain's trace.
    private static let traceCellCount = 80

    /// The checkpoints whose traces are worth seeing, by step: the gravest doubts, the first, the last and
    /// those nearest to boundaries.
    var tracedCheckpoints: [CheckpointMeasurement] {
        let candidates = analysis.measurements.checkpoints.filter { !$0.chains.isEmpty }
        guard let first = candidates.first, let last = candidates.last else { return [] }
        let gravest = candidates.max { ($0.llc?.gravity ?? 0) < ($1.llc?.gravity ?? 0) } ?? first
        let leastAgreeing = candidates.max { ($0.llc?.rHat ?? 0) < ($1.llc?.rHat ?? 0) } ?? first
        let scale = analysis.measurements.stepScale
        let atBoundaries = (analysis.stages?.boundaries ?? []).compactMap { boundary in
            candidates.min {
                abs(scale.fraction(Double($0.step)) - scale.fraction(boundary.step))
                    < abs(scale.fraction(Double($1.step)) - scale.fraction(boundary.step))
            }
        }
        var chosen: [CheckpointMeasurement] = []
        for checkpoint in [gravest, first, last, leastAgreeing] + atBoundaries
        where chosen.count < Self.traceLimit && !chosen.contains(where: { $0.step == checkpoint.step }) {
            chosen.append(checkpoint)
        }
        return chosen.sorted { $0.step < $1.step }
    }

    /// The contribution of each draw to λ̂, chain by chain, in means of neighbouring draws.
    func traceFigure(_ checkpoint: CheckpointMeasurement) -> Page.Figure? {
        let conditions = analysis.measurements.chainConditions
        let factor = conditions?.nBeta ?? 1
        let drawCount = checkpoint.chains.map(\.lossDifferences.count).max() ?? 0
        guard drawCount > 1 else { return nil }
        let horizontal = Scale(.linear, 0...Double(drawCount))
        let envelopes = checkpoint.chains.map { chain in
            Envelope(
                x: chain.lossDifferences.indices.map(Double.init), y: chain.lossDifferences.map { factor * $0 },
                scale: horizontal, cellCount: Self.traceCellCount)
        }
        let completed = zip(checkpoint.chains, envelopes).filter { $0.0.outcome == .completed }.map(\.1)
        let fitted = (completed.isEmpty ? envelopes : completed).flatMap(\.mean)
        guard let vertical = Scale.linear(fitting: fitted) else { return nil }
        var marks: [Mark] = []
        if let burnIn = conditions?.burnInCount, burnIn > 0 { marks.append(.span(0...Double(min(burnIn, drawCount)))) }
        for (chain, envelope) in zip(checkpoint.chains, envelopes) {
            marks.append(.line(envelope.points, SeriesStyle(index: chain.chain, role: .thin)))
        }
        let readings = zip(checkpoint.chains, envelopes).map { chain, envelope in
            Chart.Reading(
                name: "chain \(chain.chain + 1)", steps: envelope.x.map { $0.rounded() },
                values: envelope.mean)
        }
        if conditions != nil, let value = checkpoint.llc?.value { marks.append(.level(value)) }
        let measurements = analysis.measurements
        let chart = Chart(
            identifier: "traces-\(checkpoint.step)",
            title: "Chain traces at \(measurements.axis.rawValue) \(Format.count(checkpoint.step))",
            summary:
                "\(Format.counted(checkpoint.chains.count, "chain")) of up to \(Format.counted(drawCount, "draw")).",
            horizontal: Chart.Axis(label: "Draw", scale: horizontal),
            panels: [
                Chart.Panel(
                    label: conditions == nil ? "L(w) − L(w*)" : "nβ·(L(w) − L(w*)), paired", vertical: .scale(vertical),
                    height: 140, marks: marks, readings: readings)
            ])
        return Page.Figure(
            small: chart,
            caption: traceCaption(
                checkpoint, drawsPerPoint: (drawCount + Self.traceCellCount - 1) / Self.traceCellCount))
    }

    private func traceCaption(_ checkpoint: CheckpointMeasurement, drawsPerPoint: Int) -> String {
        var text = "\(analysis.measurements.axisWord) \(Format.count(checkpoint.step))"
        if let estimate = checkpoint.llc {
            text += ": λ̂ \(Format.llc(estimate))"
            if let rHat = estimate.rHat { text += ", R-hat \(Format.rHat(rHat))" }
        }
        text += drawsPerPoint > 1 ? ". A point is the mean of \(drawsPerPoint) draws" : ". A point is a draw"
        if let burnIn = analysis.measurements.chainConditions?.burnInCount, burnIn > 0 { text += "; grey: burn-in" }
        for chain in checkpoint.chains {
            if case .diverged(let draw) = chain.outcome {
                text += "; chain \(chain.chain + 1) diverged at draw \(Format.count(draw))"
            }
        }
        return text + "."
    }
}

extension LLCEstimate {
    /// How grave its concerns are together: an unusable one outweighs any number of doubtful ones.
    fileprivate var gravity: Int {
        concerns.reduce(0) { $0 + ($1.severity == .unusable ? Concern.Kind.allCases.count + 1 : 1) }
    }
}
