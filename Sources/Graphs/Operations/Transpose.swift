import CKernels
import Tensors

/// `Transpose` (opset 13): axis k of the output is axis `perm[k]` of the input; reversed where `perm` is absent.
struct Transpose: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = []
    private let permutation: [Int]

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("perm")
        let x = try context.input(0)
        permutation = try context.integers("perm") ?? x.shape.indices.reversed()
        guard permutation.sorted() == Array(x.shape.indices) else {
            throw context.error(.malformed, "perm \(permutation) is no permutation of \(x.shape.count) axes")
        }
        outputs = [ValueDescription(x.elementType, permutation.map { x.shape[$0] })]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) { Movement.copy(frame, strides(frame)) }

    func backward<Scalar: Real>(_ frame: Frame<Scalar>) { Movement.addGradient(frame, strides(frame)) }

    private func strides<Scalar: Real>(_ frame: Frame<Scalar>) -> instar_strides {
        let (x, y) = (frame.inputShape(0), frame.outputShape(0))
        var strides = instar_strides()
        for axis in 0..<y.count {
            strides.append(y[axis], source: x.stride(of: permutation[axis]), target: y.stride(of: axis))
        }
        return strides
    }
}
