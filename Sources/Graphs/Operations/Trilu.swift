import CKernels
import Tensors

/// `Trilu` (opset 14): each matrix of the last two axes with the elements below (`upper`) or above a diagonal set to 0.
struct Trilu: Operation {
    static let opsets = 14...25

    let outputs: [ValueDescription]
    let needs: BackwardNeeds = []
    private let isUpper: Bool
    private let shift: Int

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("upper")
        let x = try context.input(0)
        guard x.shape.count >= 2 else {
            throw context.error(.malformed, "the input has shape \(x.shape); a matrix is expected")
        }
        isUpper = try context.integer("upper") != 0
        let shifts = context.optionalInput(1) == nil ? [0] : try context.knownIntegers(1)
        guard shifts.count == 1 else { throw context.error(.malformed, "k is \(shifts); one number is expected") }
        // Beyond any extent, and far from overflow when a row is added.
        shift = Int(Int32(clamping: shifts[0]))
        outputs = [ValueDescription(x.elementType, x.shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let (matrices, rows, columns) = extents(frame)
        if frame.isFloatInput(0) {
            instar_triangle(
                Scalar.kernelType, isUpper ? 1 : 0, shift, matrices, rows, columns, frame.input(0), frame.output(0))
        } else {
            instar_triangle(
                INSTAR_INTEGER, isUpper ? 1 : 0, shift, matrices, rows, columns, frame.integerInput(0),
                frame.integerOutput(0))
        }
    }

    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0), let dx = frame.inputGradient(0) else { return }
        let (matrices, rows, columns) = extents(frame)
        instar_triangle_backward(Scalar.kernelType, isUpper ? 1 : 0, shift, matrices, rows, columns, dy, dx)
    }

    private func extents<Scalar: Real>(_ frame: Frame<Scalar>) -> (matrices: Int, rows: Int, columns: Int) {
        let x = frame.inputShape(0)
        return (x.product(0..<x.count - 2), x[x.count - 2], x[x.count - 1])
    }
}
