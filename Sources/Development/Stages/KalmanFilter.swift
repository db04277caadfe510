import Foundation

/// A place of a curve: a checkpoint with its value, or a place where the curve is asked for.
struct Site: Sendable {
    /// x.
    var input: Double
    /// The number of the checkpoint in the series; between checkpoints, in between.
    var order: Double
    /// The standardised value; nil where none was measured.
    var value: Double?
    /// The squared standard error of the value.
    var squaredError: Double
}

/// A Gaussian process over a line as a Markov process: exact inference in time and memory proportional to the number
/// of sites, where the covariance matrix takes its third power.
///
/// The state is (g, g′/λ, g″/λ², g‴/λ³, c, o): the Matérn-7/2 curve with three derivatives, the constant and the shared noise.
/// A value is g + c + o + noise. Hartikainen & Särkkä 2010, doi:10.1109/MLSP.2010.5589113, for the Matérn kernel as a
/// stochastic differential equation; Durbin & Koopman 2012, §4.4 to 4.9, for the recursions, which never invert a
/// covariance of states and so stand sites that coincide.
struct KalmanFilter {
    /// What one site did to the state.
    struct Step {
        /// The state's mean and covariance before the site's value.
        var mean: StateVector
        var covariance: StateMatrix
        /// What the value brought: value − predicted value; zero without a value.
        var innovation: Double
        /// The variance of the innovation; infinite without a value.
        var variance: Double
        /// How the state takes up an innovation.
        var gain: StateVector
        /// The way from this state to the next site's.
        var transition: StateMatrix
    }

    private let kernel: Kernel

    init(_ kernel: Kernel) { self.kernel = kernel }

    /// What a value is of the state.
    static let observation = StateVector(1, 0, 0, 0, 1, 1, 0, 0)
    /// What the curve is of the state.
    static let curve = StateVector(1, 0, 0, 0, 1, 0, 0, 0)

    /// ln p(values).
    func logLikelihood(of sites: [Site]) -> Double {
        var sum = 0.0
        run(over: sites) { step in
            if step.variance < .infinity {
                sum -= 0.5 * (log(2 * .pi * step.variance) + step.innovation * step.innovation / step.variance)
            }
        }
        return sum
    }

    /// The steps of the filter, one per site.
    func steps(over sites: [Site]) -> [Step] {
        var steps: [Step] = []
        steps.reserveCapacity(sites.count)
        run(over: sites) { steps.append($0) }
        return steps
    }

    private func run(over sites: [Site], visit: (Step) -> Void) {
        var mean = StateVector.zero
        var covariance = priorCovariance
        for (index, site) in sites.enumerated() {
            let next = index + 1 < sites.count ? sites[index + 1] : site
            var step = Step(
                mean: mean, covariance: covariance, innovation: 0, variance: .infinity, gain: .zero,
                transition: transition(from: site, to: next))
            if let value = site.value {
                let shared = covariance * Self.observation
                step.innovation = value - (Self.observation * mean).sum()
                step.variance = (Self.observation * shared).sum() + variance(of: site)
                step.gain = shared / step.variance
                mean += step.innovation * step.gain
                covariance.subtract(shared, times: step.gain)
            }
            visit(step)
            mean = step.transition * mean
            covariance = step.transition.conjugating(covariance)
            covariance += diffusion(from: site, to: next)
        }
    }

    /// The variance of a site's value about curve and shared noise.
    func variance(of site: Site) -> Double { site.squaredError + kernel.noise * kernel.noise }

    /// The covariance of the state before anything is known.
    var priorCovariance: StateMatrix {
        let (curve, wander) = (kernel.amplitude * kernel.amplitude, kernel.wander?.amplitude ?? 0)
        var matrix = StateMatrix()
        matrix[0] = curve * StateVector(1, 0, -0.2, 0, 0, 0, 0, 0)
        matrix[1] = curve * StateVector(0, 0.2, 0, -0.2, 0, 0, 0, 0)
        matrix[2] = curve * StateVector(-0.2, 0, 0.2, 0, 0, 0, 0, 0)
        matrix[3] = curve * StateVector(0, -0.2, 0, 1, 0, 0, 0, 0)
        matrix[4] = StateVector(0, 0, 0, 0, Kernel.constantVariance, 0, 0, 0)
        matrix[5] = StateVector(0, 0, 0, 0, 0, wander * wander, 0, 0)
        return matrix
    }

    /// e^(Fu), u = λΔx, in closed form, since (F + 1)⁴ = 0; e^(−Δi/τ) for the shared noise.
    func transition(from site: Site, to next: Site) -> StateMatrix {
        let u = kernel.rate * (next.input - site.input)
        let (decay, half, sixth) = (exp(-u), u * u / 2, u * u * u / 6)
        let memory = kernel.wander.map { exp(-(next.order - site.order) / $0.length) } ?? 0
        var matrix = StateMatrix()
        for row in 0..<4 {
            let polynomial = Self.identity[row] + u * Self.shifted[row] + half * Self.squared[row]
            matrix[row] = decay * (polynomial + sixth * Self.cubed[row])
        }
        matrix[4] = StateVector(0, 0, 0, 0, 1, 0, 0, 0)
        matrix[5] = StateVector(0, 0, 0, 0, 0, memory, 0, 0)
        return matrix
    }

    // The powers 0 to 3 of F + 1, F the companion matrix of (s + 1)⁴.
    private static let identity = StateMatrix([1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1])
    private static let shifted = StateMatrix([1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [-1, -4, -6, -3])
    private static let squared = StateMatrix([1, 2, 1, 0], [0, 1, 2, 1], [-1, -4, -5, -2], [2, 7, 8, 3])
    private static let cubed = StateMatrix([1, 3, 3, 1], [-1, -3, -3, -1], [1, 3, 3, 1], [-1, -3, -3, -1])

    /// The covariance that the way adds: (32/5)a²∫₀ᵘ v(s)·v(s)ᵀ ds with v = e^(Fs)·(0, 0, 0, 1), and b²(1 − e^(−2Δi/τ)).
    ///
    /// Over a short way by Gauss' rule of five nodes, whose error is of order u¹¹; over a long one as what is missing
    /// from the stationary covariance, a difference that would cancel over a short one.
    func diffusion(from site: Site, to next: Site) -> StateMatrix {
        let u = kernel.rate * (next.input - site.input)
        var matrix = StateMatrix()
        if u < 0.5 {
            for (node, weight) in zip(Self.gaussNodes, Self.gaussWeights) {
                let s = u / 2 * (1 + node)
                // The last columns of the four powers.
                let first = StateVector(0, 0, s, 1 - 3 * s, 0, 0, 0, 0)
                let v = exp(-s) * (first + s * s / 2 * Self.squaredEnd + s * s * s / 6 * Self.cubedEnd)
                matrix.subtract(v, times: -32.0 / 5 * kernel.amplitude * kernel.amplitude * weight * u / 2 * v)
            }
        } else {
            var curve = priorCovariance
            curve[4] = .zero
            curve[5] = .zero
            matrix = curve
            matrix -= transition(from: site, to: next).conjugating(curve)
        }
        if let wander = kernel.wander {
            let lost = -expm1(-2 * (next.order - site.order) / wander.length)
            matrix[5][5] = wander.amplitude * wander.amplitude * lost
        }
        return matrix
    }

    private static let squaredEnd = StateVector(0, 1, -2, 3, 0, 0, 0, 0)
    private static let cubedEnd = StateVector(1, -1, 1, -1, 0, 0, 0, 0)

    /// Abramowitz & Stegun, table 25.4, n = 5.
    private static let gaussNodes = [
        -0.906179845938664, -0.538469310105683, 0, 0.538469310105683, 0.906179845938664,
    ]
    private static let gaussWeights = [
        0.236926885056189, 0.478628670499366, 0.568888888888889, 0.478628670499366, 0.236926885056189,
    ]
}

/// A state, in the first six lanes.
typealias StateVector = SIMD8<Double>

/// A 6 × 6 matrix by rows.
struct StateMatrix: Sendable {
    private var rows = InlineArray<6, StateVector>(repeating: .zero)

    /// Zero.
    init() {}

    /// A matrix by the first four lanes of its first four rows; zero elsewhere.
    init(_ rows: SIMD4<Double>...) {
        for (row, lanes) in rows.enumerated() { self.rows[row] = StateVector(lowHalf: lanes, highHalf: .zero) }
    }

    subscript(row: Int) -> StateVector {
        get { rows[row] }
        set { rows[row] = newValue }
    }

    static func * (matrix: StateMatrix, vector: StateVector) -> StateVector {
        var result = StateVector.zero
        for row in 0..<6 { result[row] = (matrix.rows[row] * vector).sum() }
        return result
    }

    /// Mᵀ·v.
    func transposed(times vector: StateVector) -> StateVector {
        var result = StateVector.zero
        for row in 0..<6 { result += vector[row] * rows[row] }
        return result
    }

    static func * (first: StateMatrix, second: StateMatrix) -> StateMatrix {
        var result = StateMatrix()
        for row in 0..<6 { result.rows[row] = second.transposed(times: first.rows[row]) }
        return result
    }

    var transpose: StateMatrix {
        var result = StateMatrix()
        for row in 0..<6 { for column in 0..<6 { result.rows[row][column] = rows[column][row] } }
        return result
    }

    /// M·C·Mᵀ of a symmetric C.
    func conjugating(_ symmetric: StateMatrix) -> StateMatrix { self * (self * symmetric).transpose }

    /// Takes u·vᵀ off.
    mutating func subtract(_ first: StateVector, times second: StateVector) {
        for row in 0..<6 { rows[row] -= first[row] * second }
    }

    static func += (first: inout StateMatrix, second: StateMatrix) {
        for row in 0..<6 { first.rows[row] += second.rows[row] }
    }

    static func -= (first: inout StateMatrix, second: StateMatrix) {
        for row in 0..<6 { first.rows[row] -= second.rows[row] }
    }
}
