import Sampling
import Tensors

/// A minimum of a sample's loss and the Hessian's eigenvalues there.
///
/// Where a loss has kinks that differ from example to example (|x − ReLU(…)|² has), second derivatives depend on the
/// scale: between two kinks they are those of one smooth piece, over many kinks those of the expected loss, which is
/// what a posterior feels. The curvatures are of the coarse scale; the minimum is found on both.
struct Minimum {
    let parameters: [Double]
    /// |∇Lₙ|.
    let gradientNorm: Double
    /// Of the Hessian of Lₙ at the coarse scale, ascending.
    let eigenvalues: [Double]

    /// Eigenvalues below this part of the largest are flat directions: no model here has a curvature between it and
    /// the error of the differences, which is below a tenth of it.
    private static let flatness = 1e-3
    /// Distances over which gradients are compared: over many kinks, and between two.
    private static let (coarse, fine) = (1e-3, 1e-8)

    /// Newton's method from a point nearby. The pseudo-inverse of the Hessian leaves flat directions alone.
    init(near start: [Double], of loss: SampleLoss) throws {
        let count = start.count
        var w = start
        var slope = loss.gradient(at: w)
        for iteration in 0..<20 where Self.norm(slope) > 1e-13 {
            let eigen = try Self.hessian(of: loss, at: w, over: iteration < 10 ? Self.coarse : Self.fine)
            for (index, value) in eigen.values.enumerated() where value > Self.flatness * eigen.values[count - 1] {
                let vector = Array(eigen.vector(index))
                let step = zip(vector, slope).reduce(0) { $0 + $1.0 * $1.1 } / value
                for place in 0..<count { w[place] -= step * vector[place] }
            }
            slope = loss.gradient(at: w)
        }
        parameters = w
        gradientNorm = Self.norm(slope)
        eigenvalues = try Self.hessian(of: loss, at: w, over: Self.coarse).values
    }

    /// The eigenvalues of directions that are not flat.
    var curvatures: [Double] { eigenvalues.filter { $0 > Self.flatness * largestCurvature } }
    var largestCurvature: Double { eigenvalues[eigenvalues.count - 1] }

    /// ½Σ nβh/(nβh + γ): λ̂ of the quadratic with these curvatures as ε → 0, short of ½·rank by the bias of γ.
    func localisedLLC(nBeta: Double, localization: Double) -> Double {
        curvatures.reduce(0) { $0 + nBeta * $1 / (nBeta * $1 + localization) } / 2
    }

    private static func norm(_ vector: [Double]) -> Double { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }

    /// By central differences of the gradient.
    private static func hessian(
        of loss: SampleLoss, at w: [Double], over distance: Double
    ) throws -> SymmetricEigen {
        let rows = w.indices.map { index in
            var (ahead, behind) = (w, w)
            ahead[index] += distance
            behind[index] -= distance
            return zip(loss.gradient(at: ahead), loss.gradient(at: behind)).map { ($0 - $1) / (2 * distance) }
        }
        return try SymmetricEigen(
            w.indices.flatMap { row in w.indices.map { (rows[row][$0] + rows[$0][row]) / 2 } }, count: w.count)
    }
}
