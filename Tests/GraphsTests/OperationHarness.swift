import Tensors
import TestSupport

@testable import Graphs

/// Runs one operation apart from any graph.
///
/// Outputs, saved numbers and scratch start as NaN, so that what is read before it is written shows.
struct OperationHarness {
    private let operation: any Operation
    private let inputs: [Tensor?]

    /// Creates the operation; `known` inputs are visible to it as constants, as the graph's initializers are.
    init(
        _ name: String, opset: Int = 20, attributes: [String: Attribute] = [:], inputs: [Tensor?], known: Set<Int> = [],
        outputCount: Int = 1
    ) throws {
        let node = Node(
            operatorName: name, inputs: inputs.indices.map { inputs[$0] == nil ? "" : "input\($0)" },
            outputs: (0..<outputCount).map { "output\($0)" }, attributes: attributes)
        let descriptions = inputs.enumerated().map { index, tensor in
            tensor.map {
                ValueDescription(
                    $0.elementType, $0.shape.dimensions.map { Dimension($0) },
                    contents: known.contains(index) ? .constant($0) : nil)
            }
        }
        let type = try OperationRegistry.find(node, opset: opset).get()
        operation = try type.init(NodeContext(node: node, opset: opset, inputs: descriptions))
        self.inputs = inputs
    }

    /// What the operation says about its outputs.
    var outputs: [ValueDescription] { operation.outputs }

    /// The shapes of the outputs.
    var outputShapes: [Shape] { operation.outputs.map { Shape($0.shape.compactMap(\.fixed)) } }

    /// The outputs, computed in `Scalar`; integers converted. What the operation knows beforehand is not computed.
    func forward<Scalar: Real>(as type: Scalar.Type = Double.self) -> [[Double]] {
        let computed = Run<Scalar>(operation, inputs).outputs
        return zip(operation.outputs, computed).map { description, values in
            if case .constant(let tensor) = description.contents { tensor.values() } else { values }
        }
    }

    /// The gradient of each floating-point input, from those of the outputs, where `wanted` has it; nil elsewhere.
    func backward<Scalar: Real>(
        _ cotangents: [[Double]?], wanted: Set<Int>? = nil, as type: Scalar.Type = Double.self
    ) -> [[Double]?] {
        let run = Run<Scalar>(operation, inputs, cotangents: cotangents, wanted: wanted)
        run.backward()
        return run.gradients
    }

    /// What is wrong with the gradients of the inputs, for random cotangents; nil where nothing is.
    func gradientProblem(_ checker: GradientChecker = GradientChecker(), skipping skipped: Set<Int> = []) -> String? {
        var generator = SplitMix64(state: 7)
        let cotangents = outputShapes.enumerated().map { index, shape -> [Double]? in
            guard operation.outputs[index].isFloat else { return nil }
            return (0..<shape.elementCount).map { _ in Double.random(in: -1...1, using: &generator) }
        }
        let gradients: [[Double]?] = backward(cotangents, as: Double.self)
        for (index, gradient) in gradients.enumerated() {
            guard let gradient, let input = inputs[index], !skipped.contains(index) else { continue }
            let point: [Double] = input.values()
            let problem = checker.problem(at: point, gradient: gradient) { values in
                var changed = inputs
                changed[index] = Tensor(values, shape: input.shape)
                let outputs = Run<Double>(operation, changed).outputs
                return zip(outputs, cotangents).reduce(0) { sum, pair in
                    sum + zip(pair.0, pair.1 ?? []).reduce(0) { $0 + $1.0 * $1.1 }
                }
            }
            if let problem { return "input \(index): \(problem)" }
        }
        return nil
    }
}

/// One evaluation with buffers of its own.
private final class Run<Scalar: Real> {
    private let operation: any Operation
    private let inputCount: Int
    private let operands: UnsafeMutableBufferPointer<Operand<Scalar>>
    private let numbers: [Int]
    private let room: UnsafeMutableBufferPointer<Scalar>

    init(
        _ operation: any Operation, _ inputs: [Tensor?], cotangents: [[Double]?]? = nil, wanted: Set<Int>? = nil
    ) {
        self.operation = operation
        inputCount = inputs.count
        let outputs = operation.outputs
        operands = .allocate(capacity: inputs.count + outputs.count)
        numbers = inputs.indices.map { inputs[$0] == nil ? -1 : $0 } + outputs.indices.map { inputs.count + $0 }
        room = .allocate(capacity: operation.savedCount.constant + operation.scratchCount.constant)
        room.initialize(repeating: .nan)
        for (index, input) in inputs.enumerated() {
            var operand = Operand<Scalar>(extents: Run.copy(input?.shape.dimensions ?? []))
            if let integers = input?.integers {
                operand.integers = Run.copy(integers)
            } else if let input {
                operand.floats = Run.copy(input.values())
                if cotangents != nil, wanted?.contains(index) ?? true {
                    operand.gradient = Run.copy([Scalar](repeating: 0, count: input.count))
                }
            }
            operands.initializeElement(at: index, to: operand)
        }
        for (index, output) in outputs.enumerated() {
            let extents = output.shape.compactMap(\.fixed)
            let count = extents.reduce(1, *)
            var operand = Operand<Scalar>(extents: Run.copy(extents))
            if output.isFloat {
                operand.floats = Run.copy([Scalar](repeating: .nan, count: count))
                operand.gradient = cotangents?[index].map { Run.copy($0.map { Scalar($0) }) }
            } else {
                operand.integers = Run.copy([Int64](repeating: .min, count: count))
            }
            operands.initializeElement(at: inputs.count + index, to: operand)
        }
        call { operation.forward($0) }
    }

    deinit {
        for operand in operands {
            operand.floats?.deallocate()
            operand.integers?.deallocate()
            operand.gradient?.deallocate()
            operand.extents.deallocate()
        }
        operands.deallocate()
        room.deallocate()
    }

    func backward() {
        if operation.isView {
            guard let source = operands[inputCount].gradient else { return }
            operands[0].gradient?.update(from: source, count: operands[0].extents.elementCount)
        } else {
            call { operation.backward($0) }
        }
    }

    var outputs: [[Double]] {
        operands.dropFirst(inputCount).map { operand in
            let count = operand.extents.elementCount
            if let integers = operand.integers {
                return UnsafeBufferPointer(start: integers, count: count).map { Double($0) }
            }
            return UnsafeBufferPointer(start: operand.floats, count: count).map { Double($0) }
        }
    }

    var gradients: [[Double]?] {
        operands.prefix(inputCount).map { operand in
            operand.gradient.map {
                UnsafeBufferPointer(start: $0, count: operand.extents.elementCount).map { Double($0) }
            }
        }
    }

    private func call(_ body: (Frame<Scalar>) -> Void) {
        numbers.withUnsafeBufferPointer { numbers in
            guard let table = operands.baseAddress, let first = numbers.baseAddress, let room = room.baseAddress else {
                return
            }
            body(
                Frame(
                    operands: table, numbers: first, inputCount: inputCount, outputCount: operation.outputs.count,
                    saved: room, scratch: room + operation.savedCount.constant))
        }
    }

    private static func copy<Element>(_ values: [Element]) -> UnsafeMutablePointer<Element> {
        let copy = UnsafeMutablePointer<Element>.allocate(capacity: values.count)
        copy.initialize(from: values, count: values.count)
        return copy
    }

    private static func copy(_ values: [Int]) -> UnsafeBufferPointer<Int> {
        UnsafeBufferPointer(start: copy(values) as UnsafeMutablePointer<Int>, count: values.count)
    }
}
