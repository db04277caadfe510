import Foundation

/// Finds vertices and forms on the scores of one run.
struct FormFinder {
    /// The prominence that a vertex needs: the curvature at least doubles about, or halves.
    static let minimumProminence = log(2.0)
    /// The signal over noise that a vertex needs: two standard errors.
    static let minimumSignalToNoise = 2.0
    /// The residual up to which centres agree on one point.
    static let largestResidual = 1.0

    private let smoothing: Smoothing
    private let fits: [LocalPolynomial]

    /// A form before its p-value is known: one extremum in each of the planes that agree.
    struct Candidate {
        /// The planes' places among the pairs, with what they have.
        var members: [(pair: Int, extremum: PlanePath.Extremum)]
        /// f*.
        var point: [Double]
        /// How far the centres are from it.
        var residual: Double
        /// The sum of signal over noise over the number of planes, and over one plus the squared residual.
        var strength: Double
    }

    /// Prepares the smoothing of runs of one length.
    init(count: Int) {
        smoothing = Smoothing(count: count)
        fits = Array(smoothing.fits)
    }

    /// Every pair of components, counted from zero.
    static func pairs(count: Int) -> [(first: Int, second: Int)] {
        (0..<count).flatMap { first in (first + 1..<max(count, first + 1)).map { (first, $0) } }
    }

    /// The path in every plane.
    func paths(of scores: [[Double]]) -> [PlanePath] {
        let smooth = scores.map { SmoothPath($0, fits: fits) }
        let variances = fits.map(\.variances)
        return Self.pairs(count: scores.count).map {
            PlanePath(smooth[$0.first], smooth[$0.second], variances: variances)
        }
    }

    /// The vertices of a path; none within one width of an end, where the smoothing sees one side only.
    func extrema(of path: PlanePath) -> [PlanePath.Extremum] {
        path.extrema(
            minimumProminence: Self.minimumProminence, minimumSignalToNoise: Self.minimumSignalToNoise,
            margins: (max(1, smoothing.firstWidth), max(1, smoothing.lastWidth)))
    }

    /// Forms, the strongest first.
    ///
    /// From the turn with the largest signal over noise on: in every other plane the clearest turn within one smoothing
    /// width is taken along; while the centres do not agree on a point, the plane that is furthest off is left out. A
    /// turn belongs to one form only. Points where |κ| is least are vertices but no forms: their centres lie
    /// outside of everything that the run comes near.
    func candidates(paths: [PlanePath], componentCount: Int) -> [Candidate] {
        let needed = min(2, paths.count)
        let pairs = Self.pairs(count: componentCount)
        var turns = paths.enumerated().flatMap { pair, path in
            extrema(of: path).filter { $0.kind != .straightest }.map { (pair: pair, extremum: $0) }
        }.sorted { $0.extremum.signalToNoise > $1.extremum.signalToNoise }
        var found: [Candidate] = []
        while let seed = turns.first {
            let tolerance = smoothing.width(at: Double(seed.extremum.index))
            var members = [seed]
            for turn in turns where !members.contains(where: { $0.pair == turn.pair }) {
                if Double(abs(turn.extremum.index - seed.extremum.index)) <= tolerance { members.append(turn) }
            }
            while members.count >= needed {
                let common = commonPoint(
                    members.map { (pairs[$0.pair], paths[$0.pair].jets[$0.extremum.index], paths[$0.pair].extent) },
                    componentCount: componentCount)
                if common.residual <= Self.largestResidual {
                    let strength =
                        members.reduce(0) { $0 + $1.extremum.signalToNoise }
                        / (Double(paths.count) * (1 + common.residual * common.residual))
                    found.append(
                        Candidate(
                            members: members, point: common.point, residual: common.residual, strength: strength))
                    break
                }
                members.remove(at: common.furthest)
            }
            let used = members.count >= needed ? members : [seed]
            turns.removeAll { turn in
                used.contains { $0.pair == turn.pair && $0.extremum.index == turn.extremum.index }
            }
        }
        return found.sorted { $0.strength > $1.strength }
    }

    /// The least-squares point of the centres of osculating circles in several planes, and how far they are from it.
    ///
    /// A centre counts by one over the square of its radius, with five hundredths of the extent added.
    private func commonPoint(
        _ circles: [(pair: (first: Int, second: Int), jet: PlaneJet, extent: Double)], componentCount: Int
    ) -> (point: [Double], residual: Double, furthest: Int) {
        var sums = [Double](repeating: 0, count: componentCount)
        var weights = sums
        let centers = circles.map { pair, jet, extent in
            let circle = jet.circle(extent: extent)
            let center = circle.center ?? [jet.x[0], jet.y[0]]
            let weight = 1 / (pow(1 / circle.curvature, 2) + pow(0.05 * extent, 2))
            for (component, coordinate) in [(pair.first, center[0]), (pair.second, center[1])] {
                sums[component] += weight * coordinate
                weights[component] += weight
            }
            return (center: center, weight: weight)
        }
        let point = zip(sums, weights).map { $1 > 0 ? $0 / $1 : 0 }
        let squares = zip(circles, centers).map { circle, place in
            place.weight
                * (pow(point[circle.pair.first] - place.center[0], 2)
                    + pow(point[circle.pair.second] - place.center[1], 2))
        }
        let furthest = squares.indices.max { squares[$0] < squares[$1] } ?? 0
        return (point, (squares.reduce(0, +) / Double(max(1, squares.count))).squareRoot(), furthest)
    }

    /// The vertices of every plane and the forms of one run.
    ///
    /// - Parameters:
    ///   - scores: `[component][checkpoint]`.
    ///   - steps: The checkpoints' steps.
    ///   - surrogates: The strength of each surrogate's strongest form, zero without one; empty without surrogates.
    func find(
        scores: [[Double]], steps: [Int], surrogates: [Double]
    ) -> (vertices: [[EssentialDynamics.Vertex]], forms: [EssentialDynamics.Form]) {
        let paths = paths(of: scores)
        let pairs = Self.pairs(count: scores.count)
        func vertex(_ extremum: PlanePath.Extremum, pair: Int) -> EssentialDynamics.Vertex {
            let (x, y) = (scores[pairs[pair].first], scores[pairs[pair].second])
            let (place, jet) = smoothing.vertex(near: extremum.index, x: x, y: y)
            let circle = jet.circle(extent: paths[pair].extent)
            return EssentialDynamics.Vertex(
                kind: extremum.kind, position: place, step: step(at: place, steps: steps), curvature: circle.curvature,
                center: circle.center ?? [jet.x[0], jet.y[0]], prominence: extremum.prominence,
                signalToNoise: extremum.signalToNoise)
        }
        let vertices = paths.enumerated().map { pair, path in extrema(of: path).map { vertex($0, pair: pair) } }
        let forms = candidates(paths: paths, componentCount: scores.count).map { candidate in
            let places = candidate.members.map { vertex($0.extremum, pair: $0.pair).position }
            let weights = candidate.members.map(\.extremum.signalToNoise)
            let place = zip(places, weights).reduce(0) { $0 + $1.0 * $1.1 } / weights.reduce(0, +)
            let reach = smoothing.width(at: place)
            let low = max(0, (places.min() ?? place) - reach)
            let high = min(Double(steps.count - 1), (places.max() ?? place) + reach)
            let ends = [step(at: low, steps: steps), step(at: high, steps: steps)].sorted()
            return EssentialDynamics.Form(
                step: step(at: place, steps: steps), interval: ends[0]...ends[1], point: candidate.point,
                residual: candidate.residual,
                pairs: candidate.members.map { [pairs[$0.pair].first, pairs[$0.pair].second] }.sorted {
                    $0.lexicographicallyPrecedes($1)
                },
                prominence: candidate.members.map(\.extremum.prominence).min() ?? 0, strength: candidate.strength,
                pValue: surrogates.isEmpty ? nil : exceedance(of: candidate.strength, among: surrogates))
        }
        return (vertices, forms.sorted { $0.step < $1.step })
    }

    /// The step at a place between checkpoints, linear in log(t + 1).
    private func step(at place: Double, steps: [Int]) -> Double {
        let before = min(max(0, Int(place)), steps.count - 1)
        let after = min(before + 1, steps.count - 1)
        let ends = [steps[before], steps[after]].map { log1p(Double($0)) }
        return expm1(ends[0] + (place - Double(before)) * (ends[1] - ends[0]))
    }
}
