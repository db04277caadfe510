import Foundation
public import Tensors

/// How many directions a matrix makes use of: two numbers between 1 and its smaller side, from its singular values σ.
public struct MatrixRank: Sendable, Equatable {
    /// exp(−Σ p·log p) with p = σ/Σσ, the effective rank: n for n equal singular values, 1 for a single one.
    /// Source: Roy & Vetterli 2007, EUSIPCO, pp. 606–610.
    public let effective: Double
    /// Σσ²/σ₁² = |W|²_F/|W|²₂, the stable rank; at most the effective rank of the σ².
    /// Source: Rudelson & Vershynin 2007, J. ACM 54(4), §1.
    public let stable: Double

    /// Matrices whose smaller side is longer are left out: an eigenproblem takes the cube of that.
    public static let sideLimit = 1_024

    /// The rows and columns that a tensor's rank is taken of: all axes but the first make up the columns.
    ///
    /// - Returns: nil for vectors, scalars and tensors without elements, which are no matrices.
    public static func sides(of shape: Shape) -> (rows: Int, columns: Int)? {
        guard shape.dimensions.count > 1, shape.elementCount > 0 else { return nil }
        return (shape.dimensions[0], shape.elementCount / shape.dimensions[0])
    }

    /// The largest rank that a tensor of this shape can have: its smaller side; nil where it is no matrix.
    public static func largest(of shape: Shape) -> Int? { sides(of: shape).map { min($0.rows, $0.columns) } }

    /// Whether the rank of a tensor of this shape is measured: whether it is a matrix within `sideLimit`.
    public static func isMeasured(_ shape: Shape) -> Bool {
        largest(of: shape).map { $0 <= sideLimit } ?? false
    }

    /// The rank of a matrix.
    ///
    /// The singular values are square roots of the eigenvalues of the smaller Gram matrix in Double, whose rounding is
    /// about n·2⁻⁵²·σ₁². What is below that counts as zero: singular values under 5·10⁻⁷·σ₁ for n = 1,024, where the
    /// rounding of Float weights ends too. The effective rank of such a matrix is right to 1 %, of others far nearer.
    ///
    /// - Parameters:
    ///   - values: The elements, row-major `[row, column]`.
    /// - Returns: nil for the zero matrix, and where squares are not finite or the eigenvalues are not found.
    public init?<Scalar: Real>(_ values: [Scalar], rows: Int, columns: Int) {
        let count = min(rows, columns)
        let products = gram(matrix: values, rows: rows, columns: columns)
        guard let eigenvalues = try? SymmetricEigen.values(of: products, count: count), let largest = eigenvalues.last
        else { return nil }
        let rounding = Double(count) * Double.ulpOfOne * largest
        let kept = eigenvalues.filter { $0 > rounding }
        guard !kept.isEmpty else { return nil }
        let singular = kept.map { $0.squareRoot() }
        let sum = singular.reduce(0, +)
        effective = exp(singular.reduce(0) { $0 - $1 / sum * log($1 / sum) })
        stable = kept.reduce(0, +) / largest
    }
}

extension Array where Element == TensorSummary {
    /// Which matrices have no rank because they are too large, in words for the reader; nil where there are none.
    public var rankLimitation: String? {
        let names = filter { MatrixRank.largest(of: $0.shape).map { $0 > MatrixRank.sideLimit } ?? false }.map(\.name)
        guard !names.isEmpty else { return nil }
        let more = names.count > 8 ? ["\(names.count - 8) more"] : []
        return "the effective rank is not measured of \(Format.list(names.prefix(8) + more)): "
            + "the smaller side is longer than \(Format.step(MatrixRank.sideLimit))"
    }
}
