import Foundation

/// λ̂ at finite nβ and γ > 0 as ε → 0, nβ·E[L − L\*] under exp(−nβ·(L − L\*) − (γ/2)|w|²), by quadrature.
///
/// The trapezoid rule in logarithms of the coordinates, where the integrands are analytic and vanish exponentially at
/// both ends: its error falls exponentially with the number of points and is below 10⁻⁶ here.
enum LocalisedIntegrals {
    /// ½·Π wᵢ^{2kᵢ} about the origin.
    static func normalCrossing(_ exponents: [Int], nBeta: Double, localization: Double) -> Double {
        let points = stride(from: -26.0, to: 2.2, by: 0.1).map { exp($0) }
        let weights = points.map { $0 * exp(-$0 * $0 / 2) }
        // With w = v/√γ, nβ·½·Π w^{2k} = s·½·Π v^{2k}.
        let strength = nBeta * pow(localization, -Double(exponents.reduce(0, +)))
        var terms = [(weight: 1.0, product: 1.0)]
        for exponent in exponents.dropLast() {
            let powers = points.map { pow($0, Double(exponent)) }
            terms = terms.flatMap { term in
                points.indices.map { (term.weight * weights[$0], term.product * powers[$0]) }
            }
        }
        let last = points.map { pow($0, 2 * Double(exponents[exponents.count - 1])) }
        var (total, sum) = (0.0, 0.0)
        for term in terms {
            let scale = strength * term.product * term.product / 2
            for place in points.indices {
                let energy = scale * last[place]
                let density = term.weight * weights[place] * exp(-energy)
                total += density
                sum += density * energy
            }
        }
        return sum / total
    }

    /// ½|BA|² about A = B = 0, with A `[hidden, inputs]` and B `[outputs, hidden]`.
    ///
    /// The integral over B is Gaussian and leaves Π(γ + nβ·σᵢ²)^{−outputs/2} over the singular values σ of A, whose
    /// density is Π σᵢ^{|inputs − hidden|}·Π_{i<j}|σᵢ² − σⱼ²|·exp(−γΣσᵢ²/2). At most two singular values are done.
    static func reducedRank(
        inputs: Int, hidden: Int, outputs: Int, nBeta: Double, localization: Double
    ) -> Double {
        let rank = min(inputs, hidden)
        precondition(rank <= 2, "a quadrature in at most two singular values")
        let strength = nBeta / (localization * localization)
        let half = Double(outputs) / 2
        let excess = Double(abs(inputs - hidden))
        var (total, sum) = (0.0, 0.0)
        func add(_ measure: Double, _ squares: [Double]) {
            let heights = squares.map { strength * $0 }
            let density = heights.reduce(measure * exp(-squares.reduce(0, +) / 2)) { $0 * pow(1 + $1, -half) }
            total += density
            sum += density * heights.reduce(0) { $0 + half * $1 / (1 + $1) }
        }
        for logarithm in stride(from: -14.0, to: 2.2, by: 0.1) {
            let first = exp(logarithm)
            if rank == 1 {
                add(pow(first, excess + 1), [first * first])
                continue
            }
            // σ₂ = σ₁/(1 + e^{−t}) keeps the smaller one below the larger one.
            for t in stride(from: -30.0, to: 30, by: 0.1) {
                let (ratio, rest) = (1 / (1 + exp(-t)), 1 / (1 + exp(t)))
                let second = first * ratio
                let gap = first * first * rest * (1 + ratio)
                add(
                    first * second * rest * pow(first * second, excess) * gap, [first * first, second * second])
            }
        }
        return sum / total
    }

    /// ½|CBA|² about the origin with A, B and C of 2 × 2.
    ///
    /// The integral over C is Gaussian and leaves 1/det(γ + nβ·BA(BA)ᵀ). With A = U·diag(a₁, a₂)·V and BU = Q·R, R upper
    /// triangular, this is 1/(α + β·sin²θ) up to a constant, where (r₁₂, r₂₂) = ρ·(cos θ, sin θ), x = a₁r₁₁, y = a₂ρ,
    /// α = 1 + s(x² + y²), β = s²x²y² and s = nβ/γ³. The mean over θ is [α(α + β)]^{−½} with
    /// α + β = (1 + sx²)(1 + sy²); r₁₁ and ρ have the density r·exp(−r²/2), a₁ and a₂ that of singular values.
    static func threeLayersOfTwoUnits(nBeta: Double, localization: Double) -> Double {
        let strength = nBeta / (localization * localization * localization)
        let radii = stride(from: -10, to: 2.0, by: 0.25).map { exp(2 * $0) }
        let weights = radii.map { $0 * exp(-$0 / 2) }
        var (total, sum) = (0.0, 0.0)
        for logarithm in stride(from: -10, to: 2.0, by: 0.25) {
            for t in stride(from: -20.0, to: 16, by: 0.5) {
                let (ratio, rest) = (1 / (1 + exp(-t)), 1 / (1 + exp(t)))
                let first = exp(2 * logarithm)
                let second = first * ratio * ratio
                let gap = first * rest * (1 + ratio)
                let measure = first * ratio * rest * gap * exp(-(first + second) / 2)
                for (i, radius) in radii.enumerated() {
                    let x = strength * first * radius
                    for (j, other) in radii.enumerated() {
                        let y = strength * second * other
                        let (alpha, both) = (1 + x + y, (1 + x) * (1 + y))
                        let density = measure * weights[i] * weights[j] / (alpha * both).squareRoot()
                        total += density
                        sum += density * ((x + y) / alpha + x / (1 + x) + y / (1 + y)) / 2
                    }
                }
            }
        }
        return sum / total
    }
}
