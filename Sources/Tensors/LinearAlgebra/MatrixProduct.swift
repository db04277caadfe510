import COpenBLAS
import CKernels

extension Float: Real {
    /// The tag of this type's C kernels.
    public static var kernelType: Int32 { INSTAR_FLOAT }

    /// C ← α·op(A)·op(B) + β·C, by BLAS `sgemm`.
    public static func multiply(
        _ a: MatrixOperand<Float>, _ b: MatrixOperand<Float>, rows: Int, columns: Int, inner: Int,
        alpha: Float = 1, beta: Float = 0, into c: UnsafeMutablePointer<Float>, stride: Int
    ) {
        guard rows > 0, columns > 0 else { return }
        blasUsesOneThread()
        cblas_sgemm(
            CblasRowMajor, a.isTransposed ? CblasTrans : CblasNoTrans, b.isTransposed ? CblasTrans : CblasNoTrans,
            blasint(rows), blasint(columns), blasint(inner), alpha, a.pointer, blasint(max(1, a.stride)),
            b.pointer, blasint(max(1, b.stride)), beta, c, blasint(max(1, stride)))
    }
}

extension Double: Real {
    /// The tag of this type's C kernels.
    public static var kernelType: Int32 { INSTAR_DOUBLE }

    /// C ← α·op(A)·op(B) + β·C, by BLAS `dgemm`.
    public static func multiply(
        _ a: MatrixOperand<Double>, _ b: MatrixOperand<Double>, rows: Int, columns: Int, inner: Int,
        alpha: Double = 1, beta: Double = 0, into c: UnsafeMutablePointer<Double>, stride: Int
    ) {
        guard rows > 0, columns > 0 else { return }
        blasUsesOneThread()
        cblas_dgemm(
            CblasRowMajor, a.isTransposed ? CblasTrans : CblasNoTrans, b.isTransposed ? CblasTrans : CblasNoTrans,
            blasint(rows), blasint(columns), blasint(inner), alpha, a.pointer, blasint(max(1, a.stride)),
            b.pointer, blasint(max(1, b.stride)), beta, c, blasint(max(1, stride)))
    }
}
