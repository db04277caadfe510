import CKernels
public import Tensors

/// Evaluates a ``ModelLoss`` for one task; not to be shared between tasks.
///
/// All memory is allocated when it is made.
public final class ModelEvaluator<Scalar: Real> {
    private let loss: ModelLoss<Scalar>
    private let workspace: Workspace<Scalar>
    private let withGradient: Bool
    private let targetFloats: UnsafeMutablePointer<Scalar>
    private let targetIntegers: UnsafeMutablePointer<Int64>
    private var rows: [Int] = []

    init(_ loss: ModelLoss<Scalar>, capacity: Int, withGradient: Bool) throws(GraphError) {
        precondition(capacity > 0, "an evaluator holds at least one example")
        self.loss = loss
        self.withGradient = withGradient
        let count = capacity * (loss.targets.table?.rowLength ?? 0)
        targetFloats = .allocate(capacity: count)
        targetIntegers = .allocate(capacity: count)
        workspace = try Workspace(
            loss.plan, capacity: capacity, fedTensors: loss.fedTensors, withGradient: withGradient)
        rows.reserveCapacity(capacity)
    }

    deinit {
        targetFloats.deallocate()
        targetIntegers.deallocate()
    }

    /// The most examples of one evaluation.
    public var capacity: Int { workspace.capacity }

    /// The shape of one example's output.
    public var outputShape: Shape { loss.plan.outputShape }

    /// Writes the loss of each example at `parameters`.
    ///
    /// - Parameters:
    ///   - parameters: The flat parameter vector.
    ///   - examples: Indices into the examples, at most `capacity`.
    ///   - losses: Receives one loss per index; not finite where the computation overflowed.
    public func losses(at parameters: [Scalar], examples: [Int], into losses: inout [Double]) {
        resize(&losses, to: examples.count)
        guard !examples.isEmpty else { return }
        load(examples)
        withPointer(to: parameters) { workspace.forward(parameters: $0) }
        applyHead(examples.count, losses: &losses, gradient: nil)
    }

    /// Writes the loss of each example and the gradient of their mean.
    ///
    /// - Parameters:
    ///   - parameters: The flat parameter vector.
    ///   - examples: Indices into the examples, at least one and at most `capacity`.
    ///   - losses: Receives one loss per index.
    ///   - gradient: Receives the gradient; `parameterCount` long, zero outside the trainable tensors.
    public func lossesAndGradient(
        at parameters: [Scalar], examples: [Int], losses: inout [Double], gradient: inout [Scalar]
    ) {
        precondition(withGradient, "the evaluator was made without gradients")
        precondition(!examples.isEmpty, "the mean over no example has no gradient")
        resize(&losses, to: examples.count)
        if gradient.count != loss.parameterCount {
            gradient = [Scalar](repeating: 0, count: loss.parameterCount)
        }
        load(examples)
        withPointer(to: parameters) { parameters in
            workspace.forward(parameters: parameters)
            applyHead(examples.count, losses: &losses, gradient: workspace.output.gradient)
            gradient.withUnsafeMutableBufferPointer { gradient in
                guard let start = gradient.baseAddress else { return }
                instar_zero(start, gradient.count * MemoryLayout<Scalar>.stride)
                workspace.backward(into: start)
            }
        }
    }

    /// The graph's outputs at `parameters`, row by row.
    ///
    /// - Parameters:
    ///   - parameters: The flat parameter vector.
    ///   - examples: Indices into the examples, any number of them.
    /// - Returns: Axes `[example] + outputShape`, row-major.
    public func outputs(at parameters: [Scalar], examples: [Int]) -> [Scalar] {
        let size = outputShape.elementCount
        var result: [Scalar] = []
        result.reserveCapacity(examples.count * size)
        for start in stride(from: 0, to: examples.count, by: capacity) {
            let block = Array(examples[start..<min(start + capacity, examples.count)])
            load(block)
            withPointer(to: parameters) { workspace.forward(parameters: $0) }
            result += UnsafeBufferPointer(start: workspace.output.floats, count: block.count * size)
        }
        return result
    }

    /// Copies the examples' inputs and targets into place.
    private func load(_ examples: [Int]) {
        precondition(examples.count <= capacity, "\(examples.count) examples for a capacity of \(capacity)")
        rows.removeAll(keepingCapacity: true)
        for example in examples {
            precondition(example >= 0 && example < loss.exampleCount, "example \(example) of \(loss.exampleCount)")
            rows.append(loss.selection?[example] ?? example)
        }
        workspace.setBatch(examples.count)
        for (value, table) in loss.data {
            let operand = workspace.operand(value)
            table.copyRows(rows, floats: operand.floats, integers: operand.integers)
        }
        loss.targets.table?.copyRows(rows, floats: targetFloats, integers: targetIntegers)
    }

    private func applyHead(_ count: Int, losses: inout [Double], gradient: UnsafeMutablePointer<Scalar>?) {
        guard let outputs = workspace.output.floats else { preconditionFailure("an output has storage") }
        let targets: LossTargets<Scalar>.Rows =
            switch loss.targets.table?.elements {
            case .integers: .classes(UnsafePointer(targetIntegers))
            case .floats: .numbers(UnsafePointer(targetFloats))
            case nil: .none
            }
        losses.withUnsafeMutableBufferPointer { losses in
            guard let losses = losses.baseAddress else { return }
            loss.head.evaluate(
                UnsafePointer(outputs), shape: outputShape, count: count, targets: targets, losses: losses,
                gradient: gradient)
        }
    }

    private func resize(_ losses: inout [Double], to count: Int) {
        if losses.count != count { losses = [Double](repeating: 0, count: count) }
    }

    private func withPointer(to parameters: [Scalar], _ body: (UnsafePointer<Scalar>) -> Void) {
        precondition(
            parameters.count == loss.parameterCount, "\(parameters.count) of \(loss.parameterCount) parameters")
        parameters.withUnsafeBufferPointer { if let start = $0.baseAddress { body(start) } }
    }
}
