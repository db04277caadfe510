/// Minimises a function of a few variables without derivatives.
///
/// Nelder & Mead 1965, doi:10.1093/comjnl/7.4.308, with the standard coefficients: reflection 1, expansion 2,
/// contraction ½, shrinkage ½.
struct NelderMead {
    /// Stops when the function's values over the simplex differ by less than this.
    var tolerance = 1e-4
    /// Stops after this many evaluations.
    var evaluationLimit = 300

    /// The best point found and the function's value there.
    ///
    /// - Parameters:
    ///   - start: The first corner of the simplex; the others lie `stride` away along each axis.
    ///   - stride: The size of the first simplex.
    ///   - function: The function; +∞ outside its domain, never NaN.
    func minimum(
        from start: [Double], stride: Double, of function: ([Double]) -> Double
    ) -> (point: [Double], value: Double) {
        let count = start.count
        var corners = (0...count).map { index in
            var point = start
            if index > 0 { point[index - 1] += stride }
            return (point: point, value: function(point))
        }
        var evaluations = count + 1
        while true {
            corners.sort { $0.value < $1.value }
            let (best, worst) = (corners[0], corners[count])
            if worst.value - best.value < tolerance || evaluations >= evaluationLimit { return best }
            let center = (0..<count).map { axis in
                corners[..<count].reduce(0) { $0 + $1.point[axis] } / Double(count)
            }
            // The point at `distance` from the center, measured in the way from the worst corner to it.
            func candidate(_ distance: Double) -> (point: [Double], value: Double) {
                let point = (0..<count).map { center[$0] + distance * (center[$0] - worst.point[$0]) }
                evaluations += 1
                return (point, function(point))
            }
            let reflected = candidate(1)
            if reflected.value < best.value {
                let expanded = candidate(2)
                corners[count] = expanded.value < reflected.value ? expanded : reflected
            } else if reflected.value < corners[count - 1].value {
                corners[count] = reflected
            } else {
                let contracted = candidate(reflected.value < worst.value ? 0.5 : -0.5)
                if contracted.value < min(reflected.value, worst.value) {
                    corners[count] = contracted
                } else {
                    for index in 1...count {
                        let point = zip(best.point, corners[index].point).map { ($0 + $1) / 2 }
                        corners[index] = (point, function(point))
                    }
                    evaluations += count
                }
            }
        }
    }
}
