import Tensors

/// `Constant` (opset 13): a tensor that the node itself holds.
struct Constant: Operation {
    let outputs: [ValueDescription]

    init(_ context: NodeContext) throws(GraphError) {
        guard context.node.attributes.count == 1, let (name, attribute) = context.node.attributes.first else {
            throw context.error(.malformed, "exactly one attribute must give the value")
        }
        let tensor: Tensor
        switch (name, attribute) {
        case ("value", .tensor(let value)): tensor = value
        case ("value_int", .integer(let value)): tensor = Tensor([Int64(value)], shape: [])
        case ("value_ints", .integers(let values)): tensor = Tensor(values.map { Int64($0) }, shape: [values.count])
        case ("value_float", .float(let value)): tensor = Tensor([value], shape: [])
        case ("value_floats", .floats(let values)): tensor = Tensor(values, shape: [values.count])
        default: throw context.error(.unsupported, "attribute \(name) is not implemented")
        }
        let shape = tensor.shape.dimensions.map { Dimension($0) }
        outputs = [ValueDescription(tensor.elementType, shape, contents: .constant(tensor))]
    }

    /// The plan holds the tensor; there is nothing to compute.
    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {}
}
