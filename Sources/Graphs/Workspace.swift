import CKernels
import Foundation
import Tensors

/// The mutable part of an evaluation: all intermediate values and their gradients, in storage made once.
///
/// Belongs to one task. No step of an evaluation allocates in proportion to the model.
final class Workspace<Scalar: Real> {
    let plan: Plan
    /// The most examples that fit.
    let capacity: Int
    /// The examples of the present evaluation.
    private(set) var batch = 0
    private let layout: WorkspaceLayout
    private let floats: UnsafeMutablePointer<Scalar>
    private let integers: UnsafeMutablePointer<Int64>
    private let operands: UnsafeMutableBufferPointer<Operand<Scalar>>
    private let extents: UnsafeMutableBufferPointer<Int>
    private let numbers: UnsafeMutableBufferPointer<Int>
    /// What `forward` and `backward` call, apart from views, so that a step costs no more than its call.
    private let calls: [Call]
    private var constants: [UnsafeMutableRawPointer] = []

    /// Makes room for up to `capacity` examples.
    ///
    /// - Parameters:
    ///   - fedTensors: The plan's fed tensors, by their name in the graph.
    ///   - withGradient: False for evaluation only, which needs less memory.
    ///   - reusesMemory: False gives every buffer a place of its own; for tests of the memory plan.
    /// - Throws: `unsupported` where the values take more than the machine's memory; `notFound` or `mismatch` for fed
    ///   tensors that are absent or differ from what the plan was made for.
    init(
        _ plan: Plan, capacity: Int, fedTensors: [String: Tensor], withGradient: Bool, reusesMemory: Bool = true
    ) throws(GraphError) {
        precondition(capacity > 0, "a workspace holds at least one example")
        self.plan = plan
        self.capacity = capacity
        layout =
            reusesMemory
            ? try plan.layouts.layout(of: plan, capacity: capacity, withGradient: withGradient)
            : try WorkspaceLayout(plan, capacity: capacity, withGradient: withGradient, reusesMemory: false)
        let (bytes, available) = (layout.size.byteCount(as: Scalar.self), ProcessInfo.processInfo.physicalMemory)
        guard bytes <= available else {
            throw GraphError(
                .unsupported,
                "\(capacity == 1 ? "one example takes" : "\(capacity) examples at a time take") \(bytes >> 20) MiB, and the "
                    + "machine has \(available >> 20) MiB; a smaller model or a larger machine is needed")
        }
        // From half a large page on, the slab begins with one and is kept in such.
        let size = max(1, layout.size.floatCount) * MemoryLayout<Scalar>.stride
        let page = Int(INSTAR_LARGE_PAGE)
        let slabSize = size < page / 2 ? size : (size + page - 1) / page * page
        let slab = UnsafeMutableRawPointer.allocate(byteCount: slabSize, alignment: size < page / 2 ? 64 : page)
        instar_prefer_large_pages(slab, slabSize)
        floats = slab.bindMemory(to: Scalar.self, capacity: layout.size.floatCount)
        floats.initialize(repeating: 0, count: layout.size.floatCount)
        integers = .allocate(capacity: layout.size.integerCount)
        integers.initialize(repeating: 0, count: layout.size.integerCount)
        extents = .allocate(capacity: plan.values.reduce(0) { $0 + $1.description.shape.count })
        extents.initialize(repeating: 0)
        operands = .allocate(capacity: plan.values.count)
        let lists = plan.steps.map { $0.inputs + $0.outputs }
        numbers = .allocate(capacity: lists.reduce(0) { $0 + $1.count })
        _ = numbers.initialize(from: lists.joined())
        let numberOffsets = lists.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.count) }
        calls = plan.steps.indices.filter { !plan.steps[$0].operation.isView }.map { [layout] index in
            let step = plan.steps[index]
            return Call(
                operation: step.operation, numberOffset: numberOffsets[index], inputCount: step.inputs.count,
                outputCount: step.outputs.count, savedOffset: layout.savedOffsets[index],
                isDifferentiated: layout.liveness.isDifferentiated[index],
                zeroedBefore: layout.zeroedBefore[index], assignedInputs: layout.assignedInputs[index],
                passedInputs: layout.passedInputs[index])
        }
        makeOperands()
        try placeKnownTensors(fedTensors)
    }

    deinit {
        floats.deallocate()
        integers.deallocate()
        operands.deallocate()
        extents.deallocate()
        numbers.deallocate()
        constants.forEach { $0.deallocate() }
    }

    /// The storage of a value, for its examples to be written or its results to be read.
    func operand(_ value: Int) -> Operand<Scalar> { operands[value] }

    /// The storage of the evaluated output and, in a workspace with gradients, of its gradient.
    var output: Operand<Scalar> { operands[plan.output] }

    /// Sets the number of examples that follow.
    func setBatch(_ batch: Int) {
        precondition(batch <= capacity, "\(batch) examples in a workspace for \(capacity)")
        guard batch != self.batch else { return }
        self.batch = batch
        var offset = 0
        for value in plan.values {
            for dimension in value.description.shape {
                extents[offset] = dimension.value(batch: batch)
                offset += 1
            }
        }
        for index in plan.values.indices {
            guard case .symbolic(let dimensions) = plan.values[index].source else { continue }
            for (element, dimension) in dimensions.enumerated() {
                operands[index].integers?[element] = Int64(dimension.value(batch: batch))
            }
        }
    }

    /// Computes the output. Data must have been written; parameters must stay in place until `backward` is done.
    func forward(parameters: UnsafePointer<Scalar>) {
        for (value, offset) in layout.parameters {
            operands[value].floats = UnsafeMutablePointer(mutating: parameters + offset)
        }
        for call in calls { call.operation.forward(frame(call)) }
    }

    /// Adds the gradient with respect to the flat parameter vector to `gradient`, from that of the output, which must
    /// have been written; follows `forward`.
    func backward(into gradient: UnsafeMutablePointer<Scalar>) {
        for (value, offset) in layout.parameters where layout.liveness.hasGradient[value] {
            operands[value].gradient = gradient + offset
        }
        for call in calls.reversed() where call.isDifferentiated {
            for value in call.zeroedBefore {
                guard let place = layout.gradientOffsets[value] else { continue }
                instar_zero(floats + place, operands[value].extents.elementCount * MemoryLayout<Scalar>.stride)
            }
            call.operation.backward(frame(call))
        }
    }

    private func frame(_ call: Call) -> Frame<Scalar> {
        guard let operands = operands.baseAddress, let numbers = numbers.baseAddress else {
            preconditionFailure("a step has operands")
        }
        return Frame(
            operands: operands, numbers: numbers + call.numberOffset, inputCount: call.inputCount,
            outputCount: call.outputCount, saved: floats + call.savedOffset, scratch: floats + layout.scratchOffset,
            batch: batch, assignedInputs: call.assignedInputs,
            passedInputs: call.passedInputs)
    }

    private func makeOperands() {
        var offset = 0
        for (index, value) in plan.values.enumerated() {
            let rank = value.description.shape.count
            var operand = Operand<Scalar>(
                extents: UnsafeBufferPointer(rebasing: extents[offset..<offset + rank]))
            let root = plan.root(of: index)
            if let place = layout.valueOffsets[root] {
                if value.description.isFloat {
                    operand.floats = floats + place
                } else {
                    operand.integers = integers + place
                }
            }
            if layout.liveness.hasGradient[index],
                let place = layout.gradientOffsets[layout.liveness.gradientRoots[index]]
            {
                operand.gradient = floats + place
            }
            operands.initializeElement(at: index, to: operand)
            offset += rank
        }
    }

    /// Copies constants and fed tensors, which stay the same for every evaluation, and makes room for shapes: once for all
    /// views of one.
    private func placeKnownTensors(_ fedTensors: [String: Tensor]) throws(GraphError) {
        for index in plan.values.indices {
            guard let tensor = try knownTensor(index, fedTensors) else { continue }
            if let values = tensor.integers {
                let copy = UnsafeMutablePointer<Int64>.allocate(capacity: values.count)
                copy.initialize(from: values, count: values.count)
                operands[index].integers = copy
                constants.append(UnsafeMutableRawPointer(copy))
            } else {
                let values: [Scalar] = tensor.values()
                let copy = UnsafeMutablePointer<Scalar>.allocate(capacity: values.count)
                copy.initialize(from: values, count: values.count)
                operands[index].floats = copy
                constants.append(UnsafeMutableRawPointer(copy))
            }
        }
        for index in plan.values.indices {
            let root = plan.root(of: index)
            guard root != index, plan.values[root].source.isKnown else { continue }
            operands[index].floats = operands[root].floats
            operands[index].integers = operands[root].integers
        }
    }

    /// What a value holds throughout, or room for it; nil for values that are computed, and for views.
    private func knownTensor(_ index: Int, _ fedTensors: [String: Tensor]) throws(GraphError) -> Tensor? {
        switch plan.values[index].source {
        case .constant(let constant): return constant
        case .symbolic(let dimensions):
            // Room only: the numbers follow the batch.
            return Tensor([Int64](repeating: 0, count: dimensions.count), shape: [dimensions.count])
        case .fed(let name):
            guard let fed = fedTensors[name] else {
                throw GraphError(.notFound, "tensor \(name), which the graph reads, is not given")
            }
            let expected = plan.values[index].description
            guard fed.shape.dimensions == expected.shape.map(\.constant), fed.integers != nil else {
                throw GraphError(
                    .mismatch,
                    "tensor \(name) is \(fed.elementType) \(fed.shape); expected \(expected.elementType) "
                        + "\(expected.shape)")
            }
            return fed
        default: return nil
        }
    }
}

/// A step as an evaluation needs it.
private struct Call {
    let operation: any Operation
    let numberOffset: Int
    let inputCount: Int
    let outputCount: Int
    let savedOffset: Int
    let isDifferentiated: Bool
    /// The values whose gradients start at zero before the step's turn.
    let zeroedBefore: [Int]
    let assignedInputs: UInt64
    let passedInputs: UInt64
}
