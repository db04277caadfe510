import Tensors

/// `ConstantOfShape` (opset 9): a tensor of the wanted shape, every element equal to `value` (0 of float32 by default).
struct ConstantOfShape: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = []
    private let value: Double

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("value")
        let elementType: ElementType
        switch context.node.attributes["value"] {
        case nil: (elementType, value) = (.float32, 0)
        case .tensor(let tensor) where tensor.count == 1:
            (elementType, value) = (tensor.elementType, tensor.values(as: Double.self)[0])
        default: throw context.error(.malformed, "attribute value is no tensor of one element")
        }
        outputs = [ValueDescription(elementType, try context.knownDimensions(0))]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) { Movement.fill(frame, with: value) }
}
