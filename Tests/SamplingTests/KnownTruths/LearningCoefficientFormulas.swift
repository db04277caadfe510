/// λ and m of linear networks in closed form: the oracles of these tests.
enum LearningCoefficient {
    /// Networks y = W_L⋯W₁·x with a true product of rank r.
    ///
    /// With M_s = H_s − r, ℓ + 1 the size of the set Σ of smallest M_s for which max_Σ M < min_Σᶜ M,
    /// Σ_Σ M ≥ ℓ·max_Σ M and Σ_Σ M < ℓ·min_Σᶜ M, S = Σ_Σ M and a = S − (⌈S/ℓ⌉ − 1)ℓ,
    /// λ = [−r² + r(H₁ + H_{L+1})]/2 + a(ℓ − a)/(4ℓ) − ℓ(ℓ − 1)/4·(S/ℓ)² + ½Σ_{i<j∈Σ} M_iM_j and m = a(ℓ − a) + 1.
    ///
    /// Source: Aoyagi 2024, "Consideration on the learning efficiency of multiple-layered neural networks with linear
    /// units", Neural Networks 172, theorem 1.
    static func linearNetwork(widths: [Int], rank: Int) -> (llc: Double, multiplicity: Int)? {
        let excess = widths.map { $0 - rank }.sorted()
        for count in 2...excess.count where count == excess.count || excess[count - 1] < excess[count] {
            let chosen = excess.prefix(count)
            let (layers, sum) = (count - 1, chosen.reduce(0, +))
            let rest = count < excess.count ? excess[count] : Int.max / widths.count
            guard sum >= layers * excess[count - 1], sum < layers * rest else { continue }
            let remainder = sum - ((sum + layers - 1) / layers - 1) * layers
            let squares = chosen.reduce(0) { $0 + $1 * $1 }
            let regular = Double(rank * (widths[0] + widths[widths.count - 1] - rank)) / 2
            let size = Double(layers)
            let llc =
                regular + Double(remainder * (layers - remainder)) / (4 * size)
                - (size - 1) / (4 * size) * Double(sum * sum) + Double(sum * sum - squares) / 4
            return (llc, remainder * (layers - remainder) + 1)
        }
        return nil
    }

    /// Reduced-rank regression y = BAx with A `[hidden, inputs]`, B `[outputs, hidden]` and a true product of rank r.
    ///
    /// Source: Aoyagi and Watanabe 2005, "Stochastic complexities of reduced rank regression in Bayesian estimation",
    /// Neural Networks 18(7), theorem 1.
    static func reducedRank(
        inputs: Int, hidden: Int, outputs: Int, rank: Int
    ) -> (llc: Double, multiplicity: Int, case: Int) {
        let (m, h, n, r) = (inputs, hidden, outputs, rank)
        if m + h < n + r { return (Double(h * m - h * r + n * r) / 2, 1, 2) }
        if n + h < m + r { return (Double(h * n - h * r + m * r) / 2, 1, 3) }
        if m + n < h + r { return (Double(m * n) / 2, 1, 4) }
        let isOdd = (m + h + n + r) % 2 != 0
        let eighths = 2 * (h + r) * (m + n) - (m - n) * (m - n) - (h + r) * (h + r) + (isOdd ? 1 : 0)
        return (Double(eighths) / 8, isOdd ? 2 : 1, 1)
    }

    /// w₁^{2k₁}⋯w_d^{2k_d}: λ = min 1/(2kᵢ), m the number of i that attain it.
    static func normalCrossing(_ exponents: [Int]) -> (llc: Double, multiplicity: Int) {
        let largest = exponents.max() ?? 0
        return (1 / Double(2 * largest), exponents.count { $0 == largest })
    }
}
