import Tensors

/// `Reshape` (opset 14): the same elements under another shape.
///
/// In the wanted shape 0 copies an extent of the input (unless `allowzero`) and one −1 takes what is left.
struct Reshape: Operation {
    let outputs: [ValueDescription]
    let isView = true
    let needs: BackwardNeeds = []

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("allowzero")
        let x = try context.input(0)
        var shape = try context.knownDimensions(1)
        let allowsZero = try context.integer("allowzero") == 1
        for axis in shape.indices where shape[axis] == Dimension(0) && !allowsZero {
            guard axis < x.shape.count else {
                throw context.error(
                    .malformed, "the shape \(shape) copies axis \(axis) of an input of shape \(x.shape)")
            }
            shape[axis] = x.shape[axis]
        }
        let open = shape.indices.filter { shape[$0] == Dimension(-1) }
        guard open.count <= 1 else { throw context.error(.malformed, "the shape \(shape) has more than one −1") }
        if let axis = open.first {
            shape[axis] = Dimension(1)
            guard let total = x.shape.product, let others = shape.product, others != Dimension(0),
                let rest = total.dividedExactly(by: others)
            else { throw context.error(.mismatch, "an input of shape \(x.shape) does not fill \(shape)") }
            shape[axis] = rest
        }
        guard let total = x.shape.product, total == shape.product else {
            throw context.error(.mismatch, "an input of shape \(x.shape) does not fill \(shape)")
        }
        outputs = [ValueDescription(x.elementType, shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) { frame.copyInput() }
}
