import CKernels
import Tensors

/// `GatherElements` (opset 13): Y[…, i, …] = X[…, indices[…, i, …], …] along `axis`, as PyTorch's `gather`.
///
/// An index out of range makes NaN (integers: 0): indices can be data.
struct GatherElements: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    private let axis: Int

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("axis")
        let (x, indices) = (try context.input(0), try context.input(1))
        axis = try context.axis(try context.integer("axis") ?? 0, rank: x.shape.count)
        let fits = zip(x.shape, indices.shape).enumerated().allSatisfy { [axis] position, extents in
            position == axis || extents.0 == extents.1
                || (extents.0.fixed.flatMap { all in extents.1.fixed.map { $0 <= all } } ?? false)
        }
        guard x.shape.count == indices.shape.count, fits else {
            throw context.error(
                .mismatch,
                "indices of shape \(indices.shape) do not fit an input of shape \(x.shape) along axis \(axis)")
        }
        try Selection.check(context, extents: [x.shape[axis]])
        outputs = [ValueDescription(x.elementType, indices.shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        var elements = elements(frame)
        if frame.isFloatInput(0) {
            instar_gather_elements(
                Scalar.kernelType, &elements, frame.integerInput(1), frame.input(0), frame.output(0))
        } else {
            instar_gather_elements(
                INSTAR_INTEGER, &elements, frame.integerInput(1), frame.integerInput(0), frame.integerOutput(0))
        }
    }

    /// dX of the picked elements += dY.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0), let dx = frame.inputGradient(0) else { return }
        var elements = elements(frame)
        instar_gather_elements_backward(Scalar.kernelType, &elements, frame.integerInput(1), dy, dx)
    }

    private func elements<Scalar: Real>(_ frame: Frame<Scalar>) -> instar_elements {
        let (x, y) = (frame.inputShape(0), frame.outputShape(0))
        var walk = instar_strides()
        // The picked axis moves by the index alone.
        for position in 0..<y.count {
            walk.append(
                y[position], source: position == axis ? 0 : x.stride(of: position), target: y.stride(of: position))
        }
        return instar_elements(walk: walk, extent: x[axis], stride: x.stride(of: axis))
    }
}
