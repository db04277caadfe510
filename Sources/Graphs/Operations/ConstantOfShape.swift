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
        case .tensor(let tensor):
            guard let number = tensor.number else {
                throw context.error(.unsupported, "attribute value is no single number that Double holds")
            }
            (elementType, value) = (tensor.elementType, number)
        default: throw context.error(.malformed, "attribute value is no tensor")
        }
        outputs = [ValueDescription(elementType, try context.knownDimensions(0))]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) { Movement.fill(frame, with: value) }
}
