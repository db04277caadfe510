/// Which type implements which operator of the default domain.
enum OperationRegistry {
    /// The implementation by operator name.
    static let operations: [String: any Operation.Type] = [elementwise, products, shaping, layers, blocks]
        .reduce(into: [:]) { $0.merge($1) { first, _ in first } }

    private static let elementwise: [String: any Operation.Type] = [
        "Abs": UnaryOperation.self, "Add": BinaryOperation.self, "Cast": Cast.self, "CastLike": Cast.self,
        "Constant": Constant.self, "Cos": UnaryOperation.self, "Div": BinaryOperation.self, "Equal": Comparison.self,
        "Erf": UnaryOperation.self, "Exp": UnaryOperation.self, "Gelu": Gelu.self, "Greater": Comparison.self,
        "GreaterOrEqual": Comparison.self, "Identity": Identity.self, "Less": Comparison.self,
        "LessOrEqual": Comparison.self, "Log": UnaryOperation.self, "Max": Extremum.self,
        "Min": Extremum.self, "Mul": BinaryOperation.self, "Neg": UnaryOperation.self, "Pow": Pow.self,
        "Reciprocal": UnaryOperation.self, "Relu": UnaryOperation.self, "Sigmoid": UnaryOperation.self,
        "Sin": UnaryOperation.self, "Sqrt": UnaryOperation.self, "Sub": BinaryOperation.self,
        "Tanh": UnaryOperation.self, "Where": Where.self,
    ]

    private static let products: [String: any Operation.Type] = ["Gemm": Gemm.self, "MatMul": MatMul.self]

    /// The implementation of a node's operator, or what is missing in words.
    static func find(_ node: Node, opset: Int) -> Result<any Operation.Type, GraphError> {
        let location = "node \"\(node.label)\""
        guard node.domain.isEmpty || node.domain == "ai.onnx" else {
            return .failure(
                GraphError(.unsupported, "operator \(node.operatorName) of domain \(node.domain)", location: location))
        }
        guard let type = operations[node.operatorName] else {
            return .failure(GraphError(.unsupported, "operator \(node.operatorName)", location: location))
        }
        guard type.opsets.contains(opset) else {
            return .failure(
                GraphError(
                    .unsupported,
                    "operator \(node.operatorName) of opset \(opset); \(type.opsets.lowerBound) to "
                        + "\(type.opsets.upperBound) are implemented", location: location))
        }
        return .success(type)
    }
}
