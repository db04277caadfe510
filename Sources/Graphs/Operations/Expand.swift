import CKernels
import Tensors

/// `Expand` (opset 13): the input repeated along axes of extent 1, by the rule of broadcasting.
struct Expand: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = []

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow()
        let x = try context.input(0)
        outputs = [ValueDescription(x.elementType, try context.broadcast(x.shape, try context.knownDimensions(1)))]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) { Movement.copy(frame, strides(frame)) }

    /// The gradient of an element is the sum over its copies.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) { Movement.addGradient(frame, strides(frame)) }

    private func strides<Scalar: Real>(_ frame: Frame<Scalar>) -> instar_strides {
        let (x, y) = (frame.inputShape(0), frame.outputShape(0))
        var strides = instar_strides()
        for axis in 0..<y.count {
            let source = axis - (y.count - x.count)
            let repeats = source < 0 || x[source] == 1
            strides.append(y[axis], source: repeats ? 0 : x.stride(of: source), target: y.stride(of: axis))
        }
        return strides
    }
}
