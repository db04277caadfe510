/// How a path is smoothed: local polynomials with a window whose width grows along it.
///
/// The parameter of a path is the index of the checkpoint, not the step: how densely a stretch of training was
/// stored says how fine its changes are believed to be, and curvature does not depend on the parameter. Widths
/// grow because late checkpoints differ by less and less, so that the noise of training takes a larger part of
/// each difference. After Hoogland et al. 2024, arXiv:2402.02364, appendix on essential dynamics, whose widths
/// are 1 to 50 for 501 checkpoints and 0.1 to 300 for 5,000. A polynomial needs no mirror image beyond the ends, which
/// would bring the path to rest there and so bend it.
struct Smoothing {
    /// T.
    var count: Int
    /// The degree of the polynomials.
    var degree = 3
    /// The width at the first checkpoint.
    var firstWidth = 1.0
    /// The width at the last one; between them it rises linearly with the index.
    var lastWidth: Double

    /// The rule for every path: cubic, from one checkpoint to a twentieth of their number (never less than one).
    init(count: Int) {
        self.count = count
        lastWidth = max(1, Double(count) / 20)
    }

    /// The width of the window at a place, in checkpoints.
    func width(at place: Double) -> Double {
        firstWidth + (lastWidth - firstWidth) * place / Double(max(1, count - 1))
    }

    /// The polynomial at a place, in checkpoints.
    func fit(at place: Double) -> LocalPolynomial {
        LocalPolynomial(at: place, count: count, width: width(at: place), degree: degree)
    }

    /// The polynomials at every checkpoint, each made when it is asked for: those of a long path do not fit in memory
    /// together.
    var fits: some RandomAccessCollection<LocalPolynomial> { (0..<count).lazy.map { fit(at: Double($0)) } }

    /// Where near a checkpoint the curvature of a plane path is stationary: the root of κ′ between the two
    /// neighbours, by bisection; the checkpoint itself where κ′ has one sign at both.
    func vertex(near index: Int, x: [Double], y: [Double]) -> (place: Double, jet: PlaneJet) {
        func jet(_ place: Double) -> PlaneJet {
            let fit = fit(at: place)
            return PlaneJet(x: fit.jet(of: x), y: fit.jet(of: y))
        }
        var (low, high) = (Double(max(0, index - 1)), Double(min(count - 1, index + 1)))
        let slope = jet(low).curvatureSlope
        guard slope * jet(high).curvatureSlope < 0 else { return (Double(index), jet(Double(index))) }
        // Fifty halvings of two checkpoints reach the rounding of a place.
        for _ in 0..<50 {
            let middle = (low + high) / 2
            if jet(middle).curvatureSlope * slope > 0 { low = middle } else { high = middle }
        }
        return ((low + high) / 2, jet((low + high) / 2))
    }
}
