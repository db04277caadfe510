import Development
import Sampling

extension LLCEstimate {
    /// Whether the number may be believed: as its concerns say, and unusable without a value.
    var quality: Mark.Quality {
        if value == nil || concerns.contains(where: { $0.severity == .unusable }) { return .unusable }
        return concerns.isEmpty ? .sound : .doubtful
    }
}

extension Mark.Quality {
    /// The word used in documents and CSS classes.
    var word: String {
        switch self {
        case .sound: "sound"
        case .doubtful: "doubtful"
        case .unusable: "unusable"
        }
    }
}

/// λ̂ at one checkpoint of a series, of the whole or of a restriction.
struct StepEstimate {
    var step: Int
    var estimate: LLCEstimate
}

extension StageMarks {
    /// The boundaries and stages of a finding; nothing when there is none.
    init(_ finding: StageFinding?) {
        guard let finding, !finding.boundaries.isEmpty else { return }
        edges = finding.boundaries.filter(\.step.isFinite).map {
            Edge(step: $0.step, interval: $0.interval, label: Format.step($0.step))
        }
        spans = finding.stages.enumerated().map { index, stage in
            let number = "\(index + 1)"
            let kind = stage.kind == .undecided ? "" : " · \(stage.kind.symbol)"
            return Span(
                range: stage.start...max(stage.start, stage.end), label: "Stage \(number)\(kind)", shortLabel: number)
        }
    }
}

/// The half-width of a 95 % interval of a normal law, in standard deviations.
let standardErrorsOf95Percent = 1.96

extension Measurements {
    /// "Training step" or "Epoch", for the horizontal axis, which is logarithmic in t + 1.
    var axisLabel: String { axis == .step ? "Training step t, spaced as log(t + 1)" : "Epoch t, spaced as log(t + 1)" }

    /// "Step" or "Epoch", for the heads of tables.
    var axisWord: String { axis == .step ? "Step" : "Epoch" }

    /// The horizontal scale that all charts over checkpoints share.
    var stepScale: Scale {
        let steps = checkpoints.map { Double($0.step) }
        return Scale(.logStep, (steps.min() ?? 0)...(steps.max() ?? 1))
    }

    /// The horizontal axis that all charts over checkpoints share.
    var stepAxis: Chart.Axis { Chart.Axis(label: axisLabel, scale: stepScale, kind: .checkpoints) }

    /// A quantity at each checkpoint that has it, as numbers beside its chart.
    func reading(_ name: String, key: String = "", _ points: [Mark.Point]) -> Chart.Reading {
        Chart.Reading(name: name, key: key, steps: points.map(\.x), values: points.map(\.y))
    }

    /// λ̂ with its standard errors and what speaks against each.
    func reading(_ name: String, key: String, _ estimates: [StepEstimate]) -> Chart.Reading {
        let doubts = estimates.enumerated().compactMap { index, point -> (Int, String)? in
            guard point.estimate.quality != .sound else { return nil }
            let kinds = point.estimate.concerns.map(\.kind.words).joined(separator: ", ")
            return (index, "\(point.estimate.quality.word): \(kinds)")
        }
        return Chart.Reading(
            name: name, key: key, steps: estimates.map { Double($0.step) }, values: estimates.map(\.estimate.value),
            errors: estimates.map(\.estimate.standardError), notes: Dictionary(uniqueKeysWithValues: doubts))
    }

    /// A quantity at each checkpoint that has it, as points of a line.
    func points(_ quantity: (CheckpointMeasurement) -> Double?) -> [Mark.Point] {
        checkpoints.compactMap { checkpoint in
            quantity(checkpoint).map { Mark.Point(x: Double(checkpoint.step), y: $0) }
        }
    }

    /// A marker at a point over checkpoints; unusable where it is not finite.
    func marker(_ point: Mark.Point) -> Mark.Marker {
        Mark.Marker(
            x: point.x, y: point.y, interval: nil, quality: point.y.isFinite ? .sound : .unusable)
    }

    /// The estimates of λ̂ by step.
    var estimates: [StepEstimate] {
        checkpoints.compactMap { checkpoint in checkpoint.llc.map { StepEstimate(step: checkpoint.step, estimate: $0) }
        }
    }

    /// Estimates of λ̂ as markers with 95 % intervals.
    func llcMarkers(_ estimates: [StepEstimate]) -> [Mark.Marker] {
        estimates.map { point in
            Mark.Marker(
                x: Double(point.step), y: point.estimate.value, interval: point.estimate.interval,
                quality: point.estimate.quality)
        }
    }

    /// A vertical scale over what may be believed of λ̂ and over `curve`; nil without any estimate that has a value.
    func llcScale(_ estimates: [StepEstimate], including curve: BoundarySearch.Curve? = nil) -> Scale? {
        var values = curve.map { $0.lower + $0.upper } ?? []
        let believed = estimates.map(\.estimate).filter { $0.quality != .unusable }
        for estimate in believed {
            values.append(
                contentsOf: [estimate.interval?.lowerBound, estimate.interval?.upperBound, estimate.value].compactMap {
                    $0
                })
        }
        if values.isEmpty { values = estimates.compactMap(\.estimate.value) }
        return Scale.linear(fitting: values)
    }

    /// Words at the edge of a panel for the estimates that lie beyond it, which are drawn there.
    func notes(_ estimates: [StepEstimate], outside scale: Scale) -> [Mark] {
        let estimates = estimates.compactMap { point in
            point.estimate.value.map { (step: Double(point.step), value: $0) }
        }
        let below = estimates.filter { $0.value < scale.domain.lowerBound }
        let above = estimates.filter { $0.value > scale.domain.upperBound }
        return [(below, scale.domain.lowerBound, "below"), (above, scale.domain.upperBound, "above")].compactMap {
            beyond, edge, word in
            guard let first = beyond.first, let low = beyond.map(\.value).min(), let high = beyond.map(\.value).max()
            else { return nil }
            let range = low == high ? Format.value(low) : "\(Format.value(low)) to \(Format.value(high))"
            return .note(Mark.Point(x: first.step, y: edge), "\(beyond.count) \(word): λ̂ \(range)")
        }
    }
}

extension BoundarySearch.Curve {
    /// The lower edge of the 95 % band.
    var lower: [Double] { zip(mean, deviation).map { $0 - standardErrorsOf95Percent * $1 } }

    /// The upper edge of the 95 % band.
    var upper: [Double] { zip(mean, deviation).map { $0 + standardErrorsOf95Percent * $1 } }
}

extension LLCEstimate {
    /// The 95 % interval of λ̂ from its standard error.
    var interval: ClosedRange<Double>? {
        guard let value, let standardError, value.isFinite, standardError.isFinite else { return nil }
        let half = standardErrorsOf95Percent * standardError
        return value - half...value + half
    }
}
