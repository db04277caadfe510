import CKernels
import Tensors

/// `Gather` (opset 13): Y[a, i, b] = X[a, indices[i], b] with i along `axis`; an embedding where `axis` is 0.
///
/// An index out of range makes NaN: indices can be data.
struct Gather: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    private let axis: Int

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("axis")
        let (x, indices) = (try context.input(0), try context.input(1))
        axis = try context.axis(try context.integer("axis") ?? 0, rank: x.shape.count)
        try Selection.check(context, extents: [x.shape[axis]])
        outputs = [ValueDescription(x.elementType, x.shape[..<axis] + indices.shape + x.shape[(axis + 1)...])]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) { Selection.forward(frame, selection(frame)) }

    /// dX[a, indices[i], b] += dY[a, i, b].
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) { Selection.backward(frame, selection(frame)) }

    private func selection<Scalar: Real>(_ frame: Frame<Scalar>) -> instar_selection {
        let x = frame.inputShape(0)
        var selection = instar_selection()
        selection.outer = x.product(0..<axis)
        selection.depth = 1
        selection.extents.0 = x[axis]
        selection.inner = x.product(axis + 1..<x.count)
        selection.count = frame.inputShape(1).elementCount
        return selection
    }
}

/// What the operators that pick rows by index share.
enum Selection {
    /// Refuses constant indices that are out of range, and indices that are not whole numbers.
    static func check(_ context: NodeContext, extents: [Dimension]) throws(GraphError) {
        let indices = try context.input(1)
        guard !indices.isFloat else { throw context.error(.malformed, "the indices have type \(indices.elementType)") }
        guard case .constant(let tensor) = indices.contents, let values = tensor.integers else { return }
        for (position, value) in values.enumerated() {
            guard let extent = extents[position % extents.count].fixed else { continue }
            guard value >= -Int64(extent) && value < Int64(extent) else {
                throw context.error(.malformed, "index \(value) is out of range for an extent of \(extent)")
            }
        }
    }

    static func forward<Scalar: Real>(_ frame: Frame<Scalar>, _ selection: instar_selection) {
        var selection = selection
        if frame.isFloatInput(0) {
            instar_gather(Scalar.kernelType, &selection, frame.integerInput(1), frame.input(0), frame.output(0))
        } else {
            instar_gather(
                INSTAR_INTEGER, &selection, frame.integerInput(1), frame.integerInput(0), frame.integerOutput(0))
        }
    }

    static func backward<Scalar: Real>(_ frame: Frame<Scalar>, _ selection: instar_selection) {
        guard let dy = frame.outputGradient(0), let dx = frame.inputGradient(0) else { return }
        var selection = selection
        instar_gather_backward(Scalar.kernelType, &selection, frame.integerInput(1), dy, dx)
    }
}
