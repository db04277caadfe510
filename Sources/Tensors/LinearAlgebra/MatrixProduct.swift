import COpenBLAS
import CKernels

extension Float: Real {
    /// The tag of this type's C kernels.
    public static var kernelType: Int32 { INSTAR_FLOAT }

    /// C ← α·op(A)·op(B) + β·C, by BLAS `sgemm`, or for few columns by a kernel of ours.
    public static func multiply(
        _ a: MatrixOperand<Float>, _ b: MatrixOperand<Float>, rows: Int, columns: Int, inner: Int,
        alpha: Float = 1, beta: Float = 0, into c: UnsafeMutablePointer<Float>, stride: Int
    ) {
        guard rows > 0, columns > 0 else { return }
        if inner == 0 { return scale(c, by: beta, rows: rows, columns: columns, stride: stride) }
        if multiplyThin(a, b, rows, columns, inner, alpha, beta, c, stride) { return }
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

    /// C ← α·op(A)·op(B) + β·C, by BLAS `dgemm`, or for few columns by a kernel of ours.
    public static func multiply(
        _ a: MatrixOperand<Double>, _ b: MatrixOperand<Double>, rows: Int, columns: Int, inner: Int,
        alpha: Double = 1, beta: Double = 0, into c: UnsafeMutablePointer<Double>, stride: Int
    ) {
        guard rows > 0, columns > 0 else { return }
        if inner == 0 { return scale(c, by: beta, rows: rows, columns: columns, stride: stride) }
        if multiplyThin(a, b, rows, columns, inner, alpha, beta, c, stride) { return }
        blasUsesOneThread()
        cblas_dgemm(
            CblasRowMajor, a.isTransposed ? CblasTrans : CblasNoTrans, b.isTransposed ? CblasTrans : CblasNoTrans,
            blasint(rows), blasint(columns), blasint(inner), alpha, a.pointer, blasint(max(1, a.stride)),
            b.pointer, blasint(max(1, b.stride)), beta, c, blasint(max(1, stride)))
    }
}

extension Real {
    /// C ← β·C, which is all that is left of a product over no terms.
    fileprivate static func scale(
        _ c: UnsafeMutablePointer<Self>, by beta: Self, rows: Int, columns: Int, stride: Int
    ) {
        for row in 0..<rows {
            for column in 0..<columns {
                c[row * stride + column] = beta == 0 ? 0 : beta * c[row * stride + column]
            }
        }
    }

    /// Does a product that BLAS would mostly spend on arranging its operands; false where it is none.
    fileprivate static func multiplyThin(
        _ a: MatrixOperand<Self>, _ b: MatrixOperand<Self>, _ rows: Int, _ columns: Int, _ inner: Int, _ alpha: Self,
        _ beta: Self, _ c: UnsafeMutablePointer<Self>, _ stride: Int
    ) -> Bool {
        // Below these sizes BLAS is as fast: measured for every shape up to 16 columns.
        let (mostColumns, mostInner) = (Int(INSTAR_THIN_COLUMNS), Int(INSTAR_THIN_INNER))
        let hasManyRows = rows >= 64 && inner <= mostInner
        let isLongSum = inner >= 64 && rows <= mostColumns && !b.isTransposed
        guard columns <= mostColumns, hasManyRows || isLongSum else { return false }
        instar_thin_product(
            kernelType, rows, columns, inner, Double(alpha), a.pointer, a.isTransposed ? 1 : a.stride,
            a.isTransposed ? a.stride : 1, b.pointer, b.isTransposed ? 1 : b.stride, b.isTransposed ? b.stride : 1,
            Double(beta), c, stride)
        return true
    }
}
