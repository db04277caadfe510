import CKernels

/// The floating-point types that graphs, losses and samplers are computed in: Float and Double.
///
/// Double is the reference; Float is the fast way. The requirements are what differs between the two: the
/// BLAS routine and the variant of a C kernel.
public protocol Real: BinaryFloatingPoint, SIMDScalar, Sendable, Codable {
    /// The tag by which a C kernel picks its variant: `INSTAR_FLOAT` or `INSTAR_DOUBLE` of `CKernels.h`.
    static var kernelType: Int32 { get }

    /// C ← α·op(A)·op(B) + β·C with C of `rows` × `columns`, single-threaded; BLAS `gemm`.
    ///
    /// - Parameters:
    ///   - a: op(A), `rows` × `inner`.
    ///   - b: op(B), `inner` × `columns`.
    ///   - alpha: α.
    ///   - beta: β; with 0, C is not read.
    ///   - c: C, row-major; must not overlap A or B.
    ///   - stride: The distance between the starts of C's rows, in elements.
    static func multiply(
        _ a: MatrixOperand<Self>, _ b: MatrixOperand<Self>, rows: Int, columns: Int, inner: Int,
        alpha: Self, beta: Self, into c: UnsafeMutablePointer<Self>, stride: Int)
}

/// A matrix in memory as a factor of a product.
public struct MatrixOperand<Scalar> {
    /// The first element.
    public let pointer: UnsafePointer<Scalar>
    /// The distance between the starts of the stored rows, in elements.
    public let stride: Int
    /// Whether the factor is the transpose of what is stored.
    public let isTransposed: Bool

    /// A row-major matrix, or with `isTransposed` its transpose.
    public init(_ pointer: UnsafePointer<Scalar>, stride: Int, isTransposed: Bool = false) {
        self.pointer = pointer
        self.stride = stride
        self.isTransposed = isTransposed
    }
}
