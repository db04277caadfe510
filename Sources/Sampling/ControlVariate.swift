/// Draws with the same mean and less variance, by a quantity whose mean is known to be zero.
///
/// δ·g − d − (ε/4)gᵀGg has the mean zero at stationarity (the identity of ``StationaryIdentity``) and at a quadratic
/// rises and falls with twice the loss, so x − βc has the mean of x and, for the right β, a smaller variance. β is the
/// slope of the chains' batch means, ⌊√N⌋ draws each, so that it follows slow fluctuations, which make the error; each
/// chain takes the slope of the *other* chains, which keeps x − βc unbiased.
///
/// Source: Assaraf and Caffarel 1999, PRL 83(23); Mira, Solgi and Imparato 2013, Statistics and Computing 23.
enum ControlVariate {
    /// x − βc for each chain.
    ///
    /// - Parameters:
    ///   - draws: x. Axes `[chain, draw]`, burn-in left out, chains equally long.
    ///   - control: c, the same axes.
    /// - Returns: With the mean of the chains' β; nil with fewer than two chains or a hundred draws each, which are ten batches,
    ///   and where c does not vary.
    static func adjusted(
        _ draws: [[Double]], by control: [[Double]]
    ) -> (draws: [[Double]], slope: Double)? {
        guard draws.count > 1, let count = draws.first?.count, count == control.first?.count, count >= 100 else {
            return nil
        }
        let length = Int(Double(count).squareRoot())
        let moments = zip(draws, control).map { products(batchMeans($0, length), batchMeans($1, length)) }
        var adjusted: [[Double]] = []
        var slopes: [Double] = []
        for chain in draws.indices {
            let others = moments.indices.filter { $0 != chain }.map { moments[$0] }
            let slope = others.map(\.cross).compensatedSum / others.map(\.square).compensatedSum
            guard slope.isFinite else { return nil }
            adjusted.append(zip(draws[chain], control[chain]).map { $0 - slope * $1 })
            slopes.append(slope)
        }
        return (adjusted, slopes.mean)
    }

    private static func batchMeans(_ values: [Double], _ length: Int) -> [Double] {
        stride(from: 0, through: values.count - length, by: length).map { values[$0..<$0 + length].mean }
    }

    private static func products(_ x: [Double], _ c: [Double]) -> (cross: Double, square: Double) {
        let (meanX, meanC) = (x.mean, c.mean)
        return (
            zip(x, c).map { ($0 - meanX) * ($1 - meanC) }.compensatedSum,
            c.map { ($0 - meanC) * ($0 - meanC) }.compensatedSum
        )
    }
}
