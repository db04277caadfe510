import CKernels
import Tensors

/// `Tile` (opset 13): the input repeated as a whole along each axis.
struct Tile: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = []
    private let repeats: [Int]

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow()
        let x = try context.input(0)
        repeats = try context.knownIntegers(1)
        guard repeats.count == x.shape.count, repeats.allSatisfy({ $0 >= 0 }) else {
            throw context.error(
                .malformed,
                "repeats \(repeats) for an input of shape \(x.shape); one from 0 on for each axis is expected")
        }
        let shape = zip(x.shape, repeats).compactMap { $0.times(Dimension($1)) }
        guard shape.count == repeats.count else {
            throw context.error(.unsupported, "repeats \(repeats) of an input of shape \(x.shape) overflow")
        }
        outputs = [ValueDescription(x.elementType, shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) { Movement.copy(frame, strides(frame)) }

    /// The gradient of an element is the sum over its copies.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) { Movement.addGradient(frame, strides(frame)) }

    private func strides<Scalar: Real>(_ frame: Frame<Scalar>) -> instar_strides {
        let (x, y) = (frame.inputShape(0), frame.outputShape(0))
        var strides = instar_strides()
        for axis in 0..<y.count {
            let stride = y.stride(of: axis)
            strides.append(repeats[axis], source: 0, target: x[axis] * stride)
            strides.append(x[axis], source: x.stride(of: axis), target: stride)
        }
        return strides
    }
}
