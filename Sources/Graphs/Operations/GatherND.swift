import CKernels
import Tensors

/// `GatherND` (opset 13): rows of X picked by tuples of indices, the last axis of input 1, within each of the first
/// `batch_dims` axes, which both inputs share.
///
/// An index out of range makes NaN: indices can be data.
struct GatherND: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    private let batchAxes: Int
    private let depth: Int

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("batch_dims")
        let (x, indices) = (try context.input(0), try context.input(1))
        batchAxes = try context.integer("batch_dims") ?? 0
        guard let depth = indices.shape.last?.fixed, depth >= 1, batchAxes >= 0, batchAxes < indices.shape.count,
            batchAxes + depth <= min(x.shape.count, Int(INSTAR_MAXIMUM_RANK)),
            x.shape[..<batchAxes] == indices.shape[..<batchAxes]
        else {
            throw context.error(
                .mismatch,
                "indices of shape \(indices.shape) do not fit data of shape \(x.shape) and \(batchAxes) batch axes")
        }
        self.depth = depth
        try Selection.check(context, extents: Array(x.shape[batchAxes..<batchAxes + depth]))
        outputs = [ValueDescription(x.elementType, indices.shape.dropLast() + x.shape[(batchAxes + depth)...])]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) { Selection.forward(frame, selection(frame)) }

    func backward<Scalar: Real>(_ frame: Frame<Scalar>) { Selection.backward(frame, selection(frame)) }

    private func selection<Scalar: Real>(_ frame: Frame<Scalar>) -> instar_selection {
        let (x, indices) = (frame.inputShape(0), frame.inputShape(1))
        var selection = instar_selection()
        selection.outer = x.product(0..<batchAxes)
        selection.depth = depth
        withUnsafeMutableBytes(of: &selection.extents) { bytes in
            let extents = bytes.bindMemory(to: Int.self)
            for level in 0..<depth { extents[level] = x[batchAxes + level] }
        }
        selection.inner = x.product(batchAxes + depth..<x.count)
        selection.count = indices.product(batchAxes..<indices.count - 1)
        selection.tuples_stride = selection.count
        return selection
    }
}
