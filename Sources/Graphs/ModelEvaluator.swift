import CKernels
import Foundation
public import Tensors

/// Evaluates a ``ModelLoss`` for one task; not to be shared between tasks.
///
/// Examples are evaluated in blocks of a fixed size (``ModelLoss/blockSize(capacity:withGradient:)``), whose values stay in
/// the processor's cache; gradients add up in the order of the blocks. All memory is allocated when the evaluator is made.
public final class ModelEvaluator<Scalar: Real> {
    private let loss: ModelLoss<Scalar>
    private let workspace: Workspace<Scalar>
    private let withGradient: Bool
    private let targetFloats: UnsafeMutablePointer<Scalar>
    private let targetIntegers: UnsafeMutablePointer<Int64>
    /// The examples that are in place, and their rows.
    private var loaded: [Int] = []
    private var rows: [Int] = []

    init(_ loss: ModelLoss<Scalar>, capacity: Int, withGradient: Bool) throws(GraphError) {
        precondition(capacity > 0, "an evaluator holds at least one example")
        self.loss = loss
        self.withGradient = withGradient
        self.capacity = capacity
        let block = try loss.blockSize(capacity: capacity, withGradient: withGradient)
        let count = block * (loss.targets.table?.rowLength ?? 0)
        targetFloats = .allocate(capacity: count)
        targetIntegers = .allocate(capacity: count)
        workspace = try Workspace(loss.plan, capacity: block, fedTensors: loss.fedTensors, withGradient: withGradient)
        rows.reserveCapacity(block)
        loaded.reserveCapacity(block)
    }

    deinit {
        targetFloats.deallocate()
        targetIntegers.deallocate()
    }

    /// The most examples of one evaluation.
    public let capacity: Int

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
        withPointer(to: parameters) { parameters in
            forEachBlock(examples) { block in
                workspace.forward(parameters: parameters)
                applyHead(block, losses: &losses)
            }
        }
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
        withPointer(to: parameters) { parameters in
            gradient.withUnsafeMutableBufferPointer { gradient in
                guard let start = gradient.baseAddress else { return }
                instar_zero(start, gradient.count * MemoryLayout<Scalar>.stride)
                forEachBlock(examples) { block in
                    workspace.forward(parameters: parameters)
                    applyHead(block, losses: &losses, meanOver: examples.count)
                    workspace.backward(into: start)
                }
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
        withPointer(to: parameters) { parameters in
            forEachBlock(examples) { block in
                workspace.forward(parameters: parameters)
                result += UnsafeBufferPointer(start: workspace.output.floats, count: block.count * size)
            }
        }
        return result
    }

    /// Puts block after block of the examples in place and calls `body` with its positions.
    private func forEachBlock(_ examples: [Int], _ body: (Range<Int>) -> Void) {
        for start in stride(from: 0, to: examples.count, by: workspace.capacity) {
            let block = start..<min(start + workspace.capacity, examples.count)
            load(examples[block])
            body(block)
        }
    }

    /// Copies the examples' inputs and targets into place, unless they are there.
    private func load(_ examples: ArraySlice<Int>) {
        guard !isLoaded(examples) else { return }
        loaded.removeAll(keepingCapacity: true)
        loaded.append(contentsOf: examples)
        rows.removeAll(keepingCapacity: true)
        for example in examples {
            precondition(example >= 0 && example < loss.exampleCount, "example \(example) of \(loss.exampleCount)")
            rows.append(loss.selection?[example] ?? example)
        }
        workspace.setBatch(rows.count)
        for (value, table) in loss.data {
            let operand = workspace.operand(value)
            table.copyRows(rows, floats: operand.floats, integers: operand.integers)
        }
        loss.targets.table?.copyRows(rows, floats: targetFloats, integers: targetIntegers)
    }

    private func isLoaded(_ examples: ArraySlice<Int>) -> Bool {
        guard examples.count == loaded.count else { return false }
        return examples.withUnsafeBytes { wanted in
            loaded.withUnsafeBytes { present in
                guard let wanted = wanted.baseAddress, let present = present.baseAddress else { return true }
                return memcmp(wanted, present, examples.count * MemoryLayout<Int>.stride) == 0
            }
        }
    }

    /// Writes the losses of a block and, with `meanOver`, the gradient of the mean over that many examples.
    private func applyHead(_ block: Range<Int>, losses: inout [Double], meanOver count: Int? = nil) {
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
                UnsafePointer(outputs), shape: outputShape, count: block.count, targets: targets,
                losses: losses + block.lowerBound, gradient: count == nil ? nil : workspace.output.gradient,
                scale: 1 / Double(count ?? 1))
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
