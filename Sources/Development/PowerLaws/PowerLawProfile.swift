import Foundation

/// The intervals of a power law's parameters, from the misfit profiled over each.
struct PowerLawProfile {
    enum Coordinate { case offset, amplitude, exponent }

    private let search: PowerLawSearch
    private let threshold: Double?

    init(_ search: PowerLawSearch, threshold: Double?) {
        self.search = search
        self.threshold = threshold
    }

    /// The parameter's interval; open on both sides without a threshold.
    ///
    /// The search goes over log E, log A and α, outward from the best fit.
    func parameter(_ coordinate: Coordinate, value: Double) -> PowerLaw.Parameter {
        guard let threshold else { return PowerLaw.Parameter(value: value, lower: nil, upper: nil) }
        let limit = search.best.value + threshold
        switch coordinate {
        case .offset:
            let isPlain = search.line.value <= limit && search.line.point.z > 0
            // Without an offset in the best fit the search starts at one of a millionth.
            let lowest = search.objective.values.min() ?? 0
            let start = max(search.best.point.x, lowest - 14)
            let lower = isPlain ? nil : end(.offset, from: start, to: start - 40, limit: limit)
            let upper = end(.offset, from: start, to: lowest + 40, limit: limit)
            return PowerLaw.Parameter(value: value, lower: lower.map { exp($0) } ?? 0, upper: upper.map { exp($0) })
        case .amplitude:
            let start = log(value)
            let lower = end(.amplitude, from: start, to: start - 100, limit: limit)
            let upper = end(.amplitude, from: start, to: start + 100, limit: limit)
            return PowerLaw.Parameter(value: value, lower: lower.map { exp($0) } ?? 0, upper: upper.map { exp($0) })
        case .exponent:
            let lower = end(.exponent, from: value, to: 0, limit: limit)
            let upper = end(.exponent, from: value, to: PowerLaw.largestExponent, limit: limit)
            return PowerLaw.Parameter(value: value, lower: lower ?? 0, upper: upper)
        }
    }

    /// Where the profiled misfit passes the limit on the way from the best value to a bound; nil if it does not.
    private func end(_ coordinate: Coordinate, from start: Double, to bound: Double, limit: Double) -> Double? {
        var inside = (place: start, point: search.best.point)
        var stride = (bound > start ? 1 : -1) * 0.01
        var outside: Double?
        while outside == nil {
            guard inside.place != bound else { return nil }
            let place = abs(stride) < abs(bound - inside.place) ? inside.place + stride : bound
            let found = profiled(coordinate, at: place, from: inside.point)
            if found.value > limit {
                outside = place
            } else {
                inside = (place, found.point)
                stride *= 2
            }
        }
        guard var outside else { return nil }
        while abs(outside - inside.place) > 1e-3 * abs(outside - start) + 1e-12 * max(1, abs(start)) {
            let place = (inside.place + outside) / 2
            let found = profiled(coordinate, at: place, from: inside.point)
            if found.value > limit { outside = place } else { inside = (place, found.point) }
        }
        return (inside.place + outside) / 2
    }

    /// The least misfit with one parameter held.
    private func profiled(
        _ coordinate: Coordinate, at place: Double, from start: PowerLawObjective.Point
    ) -> PowerLawSearch.Solution {
        let center = search.objective.center
        func held(_ point: PowerLawObjective.Point) -> PowerLawObjective.Point {
            switch coordinate {
            case .offset: [place, point.y, point.z]
            case .amplitude: [point.x, place - point.z * center, point.z]
            case .exponent: [point.x, point.y, place]
            }
        }
        let directions: [PowerLawObjective.Point] =
            switch coordinate {
            case .offset: [[0, 1, 0], [0, 0, 1]]
            case .amplitude: [[1, 0, 0], [0, -center, 1]]
            case .exponent: [[1, 0, 0], [0, 1, 0]]
            }
        // From no offset at all there is no way to one.
        let middle = (search.objective.values.min() ?? 0) - 0.7
        let starts = start.x == -.infinity ? [start, [middle, start.y, start.z]] : [start]
        let solutions = starts.map { search.objective.minimum(from: held($0), along: directions) }
        let best = solutions.min { $0.value < $1.value } ?? search.best
        // With α ≥ 0 the best is then the constant.
        return best.point.z < 0 ? (best.point, max(best.value, search.constant.value)) : best
    }
}
