import CKernels
import Tensors

/// `Gemm` (opset 13): Y = α·A′·B′ + β·C, with A′ `[m, k]`, B′ `[k, n]` (transposed where `transA`, `transB` say so) and an
/// optional C that broadcasts to `[m, n]`.
struct Gemm: Operation {
    static let foldingLimit = 1 << 20

    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    private let alpha: Double
    private let beta: Double
    private let transposesA: Bool
    private let transposesB: Bool

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("alpha", "beta", "transA", "transB")
        alpha = try context.float("alpha") ?? 1
        beta = try context.float("beta") ?? 1
        transposesA = try context.integer("transA") ?? 0 != 0
        transposesB = try context.integer("transB") ?? 0 != 0
        let (a, b) = (try context.floatInput(0), try context.floatInput(1))
        guard a.shape.count == 2, b.shape.count == 2 else {
            throw context.error(.malformed, "the operands have shapes \(a.shape) and \(b.shape); two axes are expected")
        }
        let inner = (a.shape[transposesA ? 0 : 1], b.shape[transposesB ? 1 : 0])
        guard inner.0 == inner.1 else {
            throw context.error(
                .mismatch,
                "the inner extents of \(a.shape) and \(b.shape) are \(inner.0) and \(inner.1); they must be equal")
        }
        let shape = [a.shape[transposesA ? 1 : 0], b.shape[transposesB ? 0 : 1]]
        if let c = context.optionalInput(2) {
            let result = try context.broadcast(shape, c.shape)
            guard c.isFloat, result == shape else {
                throw context.error(.mismatch, "C, \(c.elementType) \(c.shape), does not broadcast to \(shape)")
            }
        }
        outputs = [ValueDescription(a.elementType, shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let y = frame.output(0)
        let (rows, columns, inner) = extents(frame)
        if frame.hasInput(2) {
            var layout = instar_broadcast(frame, input: 2)
            instar_expand(Scalar.kernelType, &layout, beta, frame.input(2), y)
        }
        Scalar.multiply(
            a(frame, transposed: false), b(frame, transposed: false), rows: rows, columns: columns, inner: inner,
            alpha: Scalar(alpha), beta: frame.hasInput(2) ? 1 : 0, into: y, stride: columns)
    }

    /// dA′ += α·dY·B′ᵀ, dB′ += α·A′ᵀ·dY, dC += β·dY summed over broadcast axes.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0) else { return }
        let (rows, columns, inner) = extents(frame)
        let alpha = Scalar(alpha)
        if let da = frame.inputGradient(0) {
            if transposesA {
                Scalar.multiply(
                    b(frame, transposed: false), MatrixOperand(dy, stride: columns, isTransposed: true), rows: inner,
                    columns: rows, inner: columns, alpha: alpha, beta: 1, into: da, stride: rows)
            } else {
                Scalar.multiply(
                    MatrixOperand(dy, stride: columns), b(frame, transposed: true), rows: rows, columns: inner,
                    inner: columns, alpha: alpha, beta: 1, into: da, stride: inner)
            }
        }
        if let db = frame.inputGradient(1) {
            if transposesB {
                Scalar.multiply(
                    MatrixOperand(dy, stride: columns, isTransposed: true), a(frame, transposed: false), rows: columns,
                    columns: inner, inner: rows, alpha: alpha, beta: 1, into: db, stride: inner)
            } else {
                Scalar.multiply(
                    a(frame, transposed: true), MatrixOperand(dy, stride: columns), rows: inner, columns: columns,
                    inner: rows, alpha: alpha, beta: 1, into: db, stride: columns)
            }
        }
        if frame.hasInput(2), let dc = frame.inputGradient(2) {
            var layout = instar_broadcast(frame, input: 2)
            instar_expand_backward(Scalar.kernelType, &layout, beta, dy, dc)
        }
    }

    /// A′, or its transpose.
    private func a<Scalar: Real>(_ frame: Frame<Scalar>, transposed: Bool) -> MatrixOperand<Scalar> {
        MatrixOperand(frame.input(0), stride: frame.inputShape(0)[1], isTransposed: transposesA != transposed)
    }

    /// B′, or its transpose.
    private func b<Scalar: Real>(_ frame: Frame<Scalar>, transposed: Bool) -> MatrixOperand<Scalar> {
        MatrixOperand(frame.input(1), stride: frame.inputShape(1)[1], isTransposed: transposesB != transposed)
    }

    private func extents<Scalar: Real>(_ frame: Frame<Scalar>) -> (rows: Int, columns: Int, inner: Int) {
        (frame.outputShape(0)[0], frame.outputShape(0)[1], frame.inputShape(0)[transposesA ? 0 : 1])
    }
}
