import Tensors

/// `MatMul` (opset 13): the product over the last two axes, with broadcasting of the axes before them.
///
/// Shapes: A `[…, m, k]`, B `[…, k, n]`, Y `[…, m, n]`; an operand with one axis is a row (A) or a column (B), whose
/// extra axis Y lacks.
struct MatMul: Operation {
    static let foldingLimit = 1 << 20

    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow()
        let (a, b) = (try context.floatInput(0), try context.floatInput(1))
        guard let inner = a.shape.last, !b.shape.isEmpty else {
            throw context.error(
                .malformed, "the operands have shapes \(a.shape) and \(b.shape); scalars are not allowed")
        }
        guard inner == b.shape[max(0, b.shape.count - 2)] else {
            throw context.error(.mismatch, "the inner extents of \(a.shape) and \(b.shape) differ")
        }
        let leading = try context.broadcast(Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2)))
        let rows = a.shape.count > 1 ? [a.shape[a.shape.count - 2]] : []
        let columns = b.shape.count > 1 ? [b.shape[b.shape.count - 1]] : []
        outputs = [ValueDescription(a.elementType, leading + rows + columns)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let (a, b, y) = (frame.input(0), frame.input(1), frame.output(0))
        Products(frame).forEach { rows, columns, inner, offsetA, offsetB, offsetY in
            Scalar.multiply(
                MatrixOperand(a + offsetA, stride: inner), MatrixOperand(b + offsetB, stride: columns),
                rows: rows, columns: columns, inner: inner, alpha: 1, beta: 0, into: y + offsetY, stride: columns)
        }
    }

    /// dA += dY·Bᵀ, dB += Aᵀ·dY.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0) else { return }
        let (a, b) = (frame.input(0), frame.input(1))
        let (da, db) = (frame.inputGradient(0), frame.inputGradient(1))
        Products(frame).forEach { rows, columns, inner, offsetA, offsetB, offsetY in
            if let da {
                Scalar.multiply(
                    MatrixOperand(dy + offsetY, stride: columns),
                    MatrixOperand(b + offsetB, stride: columns, isTransposed: true),
                    rows: rows, columns: inner, inner: columns, alpha: 1, beta: 1, into: da + offsetA, stride: inner)
            }
            if let db {
                Scalar.multiply(
                    MatrixOperand(a + offsetA, stride: inner, isTransposed: true),
                    MatrixOperand(dy + offsetY, stride: columns),
                    rows: inner, columns: columns, inner: rows, alpha: 1, beta: 1, into: db + offsetB, stride: columns)
            }
        }
    }

    /// The plain products that a broadcast product consists of.
    private struct Products {
        private var rows: Int
        private let columns: Int
        private let inner: Int
        private let leading: [(extent: Int, strideA: Int, strideB: Int)]

        init<Scalar: Real>(_ frame: Frame<Scalar>) {
            let (a, b) = (frame.inputShape(0), frame.inputShape(1))
            inner = a[a.count - 1]
            columns = b.count > 1 ? b[b.count - 1] : 1
            rows = a.count > 1 ? a[a.count - 2] : 1
            if b.count <= 2 {
                // One matrix B for all of A: one product with all rows.
                rows = a.dropLast().reduce(1, *)
                leading = []
                return
            }
            var (strideA, strideB) = (rows * inner, inner * columns)
            var axes: [(extent: Int, strideA: Int, strideB: Int)] = []
            for fromEnd in 3...max(3, max(a.count, b.count)) {
                let extentA = fromEnd <= a.count ? a[a.count - fromEnd] : 1
                let extentB = fromEnd <= b.count ? b[b.count - fromEnd] : 1
                axes.append((extentA == 1 ? extentB : extentA, extentA == 1 ? 0 : strideA, extentB == 1 ? 0 : strideB))
                strideA *= extentA
                strideB *= extentB
            }
            leading = axes.reversed()
        }

        /// Calls `body(rows, columns, inner, offsetA, offsetB, offsetY)` for each product.
        func forEach(_ body: (Int, Int, Int, Int, Int, Int) -> Void) {
            let productCount = leading.reduce(1) { $0 * $1.extent }
            for product in 0..<productCount {
                var (rest, offsetA, offsetB) = (product, 0, 0)
                for axis in leading.reversed() {
                    offsetA += rest % axis.extent * axis.strideA
                    offsetB += rest % axis.extent * axis.strideB
                    rest /= axis.extent
                }
                body(rows, columns, inner, offsetA, offsetB, product * rows * columns)
            }
        }
    }
}
