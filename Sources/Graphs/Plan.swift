public import Tensors

/// A graph made ready for evaluation at any batch size: shapes inferred, known parts folded away, the rest in order.
///
/// A plan is immutable and shared; each task evaluates it in a ``Workspace`` of its own. Parameters and data are unknown
/// to it: the same plan serves every checkpoint of a run.
public struct Plan: Sendable {
    /// Where a value comes from.
    enum Source: Sendable {
        /// The flat parameter vector, from this offset.
        case parameter(offset: Int, isTrainable: Bool)
        /// A tensor of the checkpoint that is not floating point, by its name in the graph.
        case fed(String)
        /// The examples, by the name of the graph input.
        case data(String)
        /// Known when the plan was made.
        case constant(Tensor)
        /// Whole numbers that depend on the batch alone.
        case symbolic([Dimension])
        /// Output of a step.
        case computed(step: Int)
        /// Shares the storage of another value.
        case view(of: Int)

        /// Whether an evaluator has a copy of it, which stays.
        var isKnown: Bool {
            switch self {
            case .constant, .symbolic, .fed: true
            default: false
            }
        }
    }

    /// A value that takes part in the evaluation.
    struct Value: Sendable {
        let name: String
        let description: ValueDescription
        var source: Source
    }

    /// One operation with the numbers of the values it reads and makes; −1 where absent.
    struct Step: Sendable {
        /// The graph's node, or the one that a rewrite puts in place of several.
        let node: Node
        let operation: any Operation
        var inputs: [Int]
        var outputs: [Int]
    }

    /// Placing the buffers of so many steps takes a minute, by the square of their number; a model of two layers unrolled over
    /// a thousand positions has fewer.
    private static let greatestStepCount = 50_000

    /// The parameters and how they are laid out in the flat vector.
    public let binding: ParameterBinding
    /// The name of the output that is evaluated.
    public let outputName: String
    let values: [Value]
    let steps: [Step]
    /// The number of the value that is evaluated.
    let output: Int
    let layouts = WorkspaceLayouts()

    /// Plans the evaluation of one output.
    ///
    /// - Parameters:
    ///   - graph: The forward graph.
    ///   - binding: How checkpoint tensors meet it.
    ///   - exampleShapes: For each data input, the shape of one example (without the axis of examples).
    ///   - outputName: The output to evaluate; nil where the graph has only one.
    /// - Throws: `unsupported` with all operators that are missing; `mismatch` for examples that do not fit the graph;
    ///   what the operations refuse.
    public init(
        graph: Graph, binding: ParameterBinding, exampleShapes: [String: Shape], outputName: String? = nil
    ) throws(GraphError) {
        try self.init(
            graph: graph, binding: binding, exampleShapes: exampleShapes, outputName: outputName, rewrites: true)
    }

    /// As above; without `rewrites`, the plain plan that tests compare with.
    init(
        graph: Graph, binding: ParameterBinding, exampleShapes: [String: Shape], outputName: String? = nil,
        rewrites: Bool
    ) throws(GraphError) {
        let name = try Plan.chooseOutput(of: graph, named: outputName)
        var builder = PlanBuilder(graph: graph, binding: binding)
        try builder.addSources(exampleShapes: exampleShapes)
        try builder.addNodes(towards: name)
        var draft = try builder.finish(output: name)
        guard draft.steps.count <= Plan.greatestStepCount else {
            throw GraphError(
                .unsupported,
                "output \(name) takes \(draft.steps.count) nodes; at most \(Plan.greatestStepCount) are implemented. "
                    + "Export a model with fewer, such as loops unrolled for shorter sequences")
        }
        if rewrites { draft.rewrite() }
        draft.prune()
        self.binding = binding
        self.outputName = name
        values = draft.values
        steps = draft.steps
        output = draft.output
    }

    /// The shape of the output for one example, without the axis of examples.
    public var outputShape: Shape { Shape(values[output].description.shape.dropFirst().map(\.constant)) }

    /// Checks that one example can be evaluated with its gradient.
    ///
    /// - Throws: `unsupported` where a value has more elements than the kernels can hold, and for more steps than can be
    ///   placed.
    public func checkSize() throws(GraphError) { _ = try layouts.size(of: self, capacity: 1, withGradient: true) }

    /// The value whose storage `value` uses.
    func root(of value: Int) -> Int {
        var root = value
        while case .view(let other) = values[root].source { root = other }
        return root
    }

    private static func chooseOutput(of graph: Graph, named name: String?) throws(GraphError) -> String {
        let names = graph.outputs.map(\.name)
        guard let name else {
            guard names.count == 1 else {
                throw GraphError(
                    .mismatch,
                    "the graph has \(names.count) outputs (\(names.list)), and a named loss takes one. Export it with that "
                        + "one alone, or state `loss: {output: NAME}` in run.yaml if one of them is each example's loss"
                )
            }
            return names[0]
        }
        guard names.contains(name) else {
            throw GraphError(.notFound, "there is no output \(name); the graph has \(names.list)")
        }
        return name
    }
}
