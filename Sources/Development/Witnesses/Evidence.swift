import Foundation
import Tensors

/// What there is beside λ̂ to judge stages by: the other witnesses, the forms of the loss curve and the trades.
public struct Evidence: Sendable {
    /// Where the loss comes to rest on logarithmic axes; nil with fewer than eight positive losses.
    public var lossSearch: BoundarySearch?
    /// Changes of all series together, and of each alone.
    public var changePoints: [ChangePointFinding] = []
    /// The boundaries held against the witnesses; nil without boundaries or witnesses.
    public var table: WitnessTable?
    /// The power law of the loss within each stage, in their order; empty without a loss.
    public var powerLaws: [PowerLaw.Fit] = []
    /// The free-energy trade of each stage, between the rest it starts from and the one it ends at; nil where loss or λ̂
    /// is not known there. In the order of the stages.
    public var trades: [FreeEnergyTrade?] = []
    /// Two solutions of nearly the same training loss; nil where there are none.
    public var equalLossPair: EqualLossPair?

    /// No evidence.
    public init() {}
}

extension Measurements {
    /// The training loss at checkpoints.
    var losses: [(step: Int, loss: Double)] {
        checkpoints.compactMap { checkpoint in checkpoint.loss.map { (checkpoint.step, $0) } }
    }

    static let llcGroup = "λ̂"
    static let movementGroup = "weight movement"
    /// More tensors than this are not searched one beside the other: the first are.
    static let movementLimit = 12

    /// Every series that was measured or recorded, for change-point search; each belongs to a group that is a witness.
    ///
    /// A loss enters as its logarithm where it is positive throughout, as a loss falls by orders of magnitude.
    func series(outputs: EssentialDynamics?, weights: EssentialDynamics?) -> [(
        group: String, [ChangePointFinding.Series]
    )] {
        func series(_ name: String, _ points: [(step: Int, value: Double)]) -> ChangePointFinding.Series {
            ChangePointFinding.Series(name: name, steps: points.map { Double($0.step) }, values: points.map(\.value))
        }
        func logarithmic(_ points: [(step: Int, value: Double)]) -> [(step: Int, value: Double)] {
            points.allSatisfy { $0.value > 0 } ? points.map { ($0.step, log($0.value)) } : points
        }
        func components(_ dynamics: EssentialDynamics?, _ name: String) -> [ChangePointFinding.Series] {
            guard let dynamics else { return [] }
            return dynamics.components.prefix(3).enumerated().map { index, component in
                series("\(name) PC\(index + 1)", Array(zip(dynamics.steps, component.scores)).map { ($0.0, $0.1) })
            }
        }
        var groups: [(group: String, [ChangePointFinding.Series])] = [
            (Self.llcGroup, [series(Self.llcGroup, usablePoints.map { ($0.step, $0.llc.value) })]),
            ("loss", [series("loss", logarithmic(losses.map { ($0.step, $0.loss) }))]),
            ("outputs", components(outputs, "outputs")),
            ("weights", components(weights, "weights")),
            (Self.movementGroup, Array(movementSeries.prefix(1 + Self.movementLimit))),
        ]
        let subsetNames = checkpoints.first?.subsetLosses.map(\.name) ?? []
        for name in subsetNames where name != "train" {
            let points = checkpoints.compactMap { checkpoint in
                checkpoint.subsetLosses.first { $0.name == name }.map { (step: checkpoint.step, value: $0.loss) }
            }
            groups.append(("\(name) loss", [series("\(name) loss", logarithmic(points))]))
        }
        for recorded in recordedSeries where !recorded.isClock {
            groups.append(
                (
                    recorded.name,
                    [series(recorded.name, Array(zip(recorded.steps, recorded.values)).map { ($0.0, $0.1) })]
                ))
        }
        return groups.filter { !$0.1.isEmpty }
    }
}

extension Measurements {
    /// The steps between which a method could find a boundary: its checkpoints, for λ̂ those with a usable one, for nil, any
    /// method, all; step 0 left out where there are others, since no witness sees into the gap in log(t + 1) behind it.
    func searchedSpan(by method: Method?) -> ClosedRange<Double>? {
        let steps = method == .llc ? usablePoints.map(\.step) : checkpoints.map(\.step)
        let searched = steps.first == 0 ? Array(steps.dropFirst()) : steps
        guard let first = searched.first, let last = searched.last, first < last else { return nil }
        return Double(first)...Double(last)
    }
}

extension Boundary {
    /// A change point as a boundary: it lies between two points of its series.
    init(_ change: ChangePoint) {
        self.init(step: change.step, interval: change.between, innerInterval: change.between)
    }
}

extension Witness.Place {
    /// A boundary as a witness's place.
    init(_ boundary: Boundary) { self.init(step: boundary.step, interval: boundary.interval) }

    /// Whether the intervals share more than an end: those of changes end at checkpoints, where neighbours touch.
    func meets(_ boundary: Boundary) -> Bool {
        interval.lowerBound < boundary.interval.upperBound && boundary.interval.lowerBound < interval.upperBound
    }
}
