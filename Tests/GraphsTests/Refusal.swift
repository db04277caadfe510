import Tensors
import Testing

@testable import Graphs

/// A node that is refused, with what the error says.
struct Refusal: CustomTestStringConvertible, Sendable {
    private let node: Node
    private let opset: Int
    private let inputs: [ValueDescription?]
    private let kind: GraphError.Kind
    private let words: String

    init(
        _ operatorName: String, _ inputs: [ValueDescription?], _ kind: GraphError.Kind, _ words: String,
        attributes: [String: Attribute] = [:], opset: Int = 24, outputs: [String] = ["y"]
    ) {
        node = Node(
            name: "culprit", operatorName: operatorName,
            inputs: inputs.indices.map { inputs[$0] == nil ? "" : "input\($0)" }, outputs: outputs,
            attributes: attributes)
        self.opset = opset
        self.inputs = inputs
        self.kind = kind
        self.words = words
    }

    var testDescription: String { "\(node.operatorName): \(words)" }

    /// Expects the error, which names the node.
    func check() {
        let error = #expect(throws: GraphError.self) {
            try OperationRegistry.find(node, opset: opset).get()
                .init(NodeContext(node: node, opset: opset, inputs: inputs))
        }
        #expect(error?.kind == kind && error?.reason.contains(words) == true, "\(error?.description ?? "")")
        #expect(error?.location?.contains("culprit") == true)
    }
}

extension ValueDescription {
    /// Numbers that are not known beforehand.
    static func floats(_ extents: Dimension...) -> ValueDescription { ValueDescription(.float32, extents) }
    static func integers(_ extents: Dimension...) -> ValueDescription { ValueDescription(.int64, extents) }
    static func bools(_ extents: Dimension...) -> ValueDescription { ValueDescription(.bool, extents) }

    /// A vector that the graph stores.
    static func known(_ numbers: Int...) -> ValueDescription {
        stored(Tensor(numbers.map { Int64($0) }, shape: [numbers.count]))
    }

    /// One number that the graph stores.
    static func known(number: Int) -> ValueDescription { stored(Tensor([Int64(number)], shape: [])) }
    static func known(number: Double) -> ValueDescription { stored(Tensor([number], shape: [])) }

    /// Whole numbers that follow from the batch.
    static func symbolic(_ numbers: Dimension...) -> ValueDescription {
        ValueDescription(.int64, [Dimension(numbers.count)], contents: .symbolic(numbers))
    }

    private static func stored(_ tensor: Tensor) -> ValueDescription {
        ValueDescription(
            tensor.elementType, tensor.shape.dimensions.map { Dimension($0) }, contents: .constant(tensor))
    }
}

extension Dimension: ExpressibleByIntegerLiteral {
    /// A number that does not depend on the batch.
    public init(integerLiteral value: Int) { self.init(coefficient: 0, constant: value) }
}
