import CKernels
import Tensors

/// Y = α·A·B + bias over strided storage: what the rewriting puts in the place of MatMul or Gemm with the transposes,
/// scalings and the bias around them.
///
/// Inputs: A, B and, where there is one, the bias, which is added along the columns.
struct StridedProduct: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    let assignedGradients: [Bool]
    private let layout: ProductLayout
    private let alpha: Double

    init(_ context: NodeContext) {
        preconditionFailure("strided products come from rewriting, not from graphs")
    }

    /// - Parameter output: The value that is made, in the storage that `layout` speaks of.
    init(_ layout: ProductLayout, alpha: Double, hasBias: Bool, output: ValueDescription) {
        self.layout = layout
        self.alpha = alpha
        outputs = [output]
        let once = [layout.writesOnce(\.a), layout.writesOnce(\.b)]
        assignedGradients = (layout.isSwapped ? once.reversed() : once) + (hasBias ? [false] : [])
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let product = Matrices(layout, batch: frame.batch)
        let (a, b, y) = (frame.input(layout.isSwapped ? 1 : 0), frame.input(layout.isSwapped ? 0 : 1), frame.output(0))
        let hasBias = frame.inputCount > 2
        if hasBias {
            instar_repeat_row(
                Scalar.kernelType, product.rows.extent, product.columns.extent, frame.input(2), y, product.rows.y)
        }
        product.forEach { offsetA, offsetB, offsetY in
            Scalar.multiply(
                product.a(a + offsetA), product.b(b + offsetB), rows: product.rows.extent,
                columns: product.columns.extent, inner: product.inner.extent, alpha: Scalar(alpha),
                beta: hasBias ? 1 : 0, into: y + offsetY, stride: product.stride(product.rows.y, product.columns))
        }
    }

    /// dA = α·dY·Bᵀ, dB = α·Aᵀ·dY, dbias = Σ dY over the rows.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0) else { return }
        let product = Matrices(layout, batch: frame.batch)
        let (first, second) = layout.isSwapped ? (1, 0) : (0, 1)
        let (a, b) = (frame.input(first), frame.input(second))
        if let da = frame.inputGradient(first) {
            let beta: Scalar = frame.assigns(first) ? 0 : 1
            product.forEach { offsetA, offsetB, offsetY in
                product.addGradientOfA(
                    dy + offsetY, b + offsetB, to: da + offsetA, alpha: Scalar(alpha), beta: beta)
            }
        }
        if let db = frame.inputGradient(second) {
            let beta: Scalar = frame.assigns(second) ? 0 : 1
            product.forEach { offsetA, offsetB, offsetY in
                product.addGradientOfB(
                    a + offsetA, dy + offsetY, to: db + offsetB, alpha: Scalar(alpha), beta: beta)
            }
        }
        if frame.inputCount > 2, let gradient = frame.inputGradient(2) {
            instar_sum_rows(
                Scalar.kernelType, product.rows.extent, product.columns.extent, dy, product.rows.y, gradient)
        }
    }
}

/// The layout for a number of examples.
private struct Matrices {
    struct Axis {
        let extent: Int
        let a: Int
        let b: Int
        let y: Int

        init(_ axis: ProductLayout.Axis, batch: Int) {
            extent = axis.extent.value(batch: batch)
            a = axis.strides.a.value(batch: batch)
            b = axis.strides.b.value(batch: batch)
            y = axis.strides.y.value(batch: batch)
        }
    }

    let rows: Axis
    let columns: Axis
    let inner: Axis
    private let loops: [Axis]

    init(_ layout: ProductLayout, batch: Int) {
        rows = Axis(layout.rows, batch: batch)
        columns = Axis(layout.columns, batch: batch)
        inner = Axis(layout.inner, batch: batch)
        loops = layout.loops.map { Axis($0, batch: batch) }
    }

    /// Calls `body(offsetA, offsetB, offsetY)` for each matrix product, the last loop running fastest.
    func forEach(_ body: (Int, Int, Int) -> Void, from level: Int = 0, _ a: Int = 0, _ b: Int = 0, _ y: Int = 0) {
        guard level < loops.count else { return body(a, b, y) }
        let loop = loops[level]
        for index in 0..<loop.extent {
            forEach(body, from: level + 1, a + index * loop.a, b + index * loop.b, y + index * loop.y)
        }
    }

    func a<Scalar>(_ pointer: UnsafePointer<Scalar>) -> MatrixOperand<Scalar> {
        operand(pointer, rows.extent, rows.a, inner.extent, inner.a)
    }

    func b<Scalar>(_ pointer: UnsafePointer<Scalar>) -> MatrixOperand<Scalar> {
        operand(pointer, inner.extent, inner.b, columns.extent, columns.b)
    }

    /// The distance between rows, which for a single row is free and must cover the columns.
    func stride(_ stride: Int, _ last: Axis) -> Int { max(stride, last.extent) }

    func addGradientOfA<Scalar: Real>(
        _ dy: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>, to da: UnsafeMutablePointer<Scalar>, alpha: Scalar,
        beta: Scalar
    ) {
        let dy = MatrixOperand(dy, stride: stride(rows.y, columns))
        let b = self.b(b)
        if a(UnsafePointer(da)).isTransposed {
            Scalar.multiply(
                b, dy.transposed, rows: inner.extent, columns: rows.extent, inner: columns.extent, alpha: alpha,
                beta: beta, into: da, stride: max(inner.a, rows.extent))
        } else {
            Scalar.multiply(
                dy, b.transposed, rows: rows.extent, columns: inner.extent, inner: columns.extent, alpha: alpha,
                beta: beta, into: da, stride: max(rows.a, inner.extent))
        }
    }

    func addGradientOfB<Scalar: Real>(
        _ a: UnsafePointer<Scalar>, _ dy: UnsafePointer<Scalar>, to db: UnsafeMutablePointer<Scalar>, alpha: Scalar,
        beta: Scalar
    ) {
        let dy = MatrixOperand(dy, stride: stride(rows.y, columns))
        let a = self.a(a)
        if b(UnsafePointer(db)).isTransposed {
            Scalar.multiply(
                dy.transposed, a, rows: columns.extent, columns: inner.extent, inner: rows.extent, alpha: alpha,
                beta: beta, into: db, stride: max(columns.b, inner.extent))
        } else {
            Scalar.multiply(
                a.transposed, dy, rows: inner.extent, columns: columns.extent, inner: rows.extent, alpha: alpha,
                beta: beta, into: db, stride: max(inner.b, columns.extent))
        }
    }

    /// A matrix of `m` × `n` elements, of which either axis lies without gaps.
    private func operand<Scalar>(
        _ pointer: UnsafePointer<Scalar>, _ m: Int, _ strideM: Int, _ n: Int, _ strideN: Int
    ) -> MatrixOperand<Scalar> {
        if n == 1 || strideN == 1 { return MatrixOperand(pointer, stride: max(strideM, n)) }
        return MatrixOperand(pointer, stride: max(strideN, m), isTransposed: true)
    }
}

extension MatrixOperand {
    fileprivate var transposed: MatrixOperand {
        MatrixOperand(pointer, stride: stride, isTransposed: !isTransposed)
    }
}
