import Tensors

/// Evaluates operations whose inputs are known while the plan is made.
///
/// Shape arithmetic depends on the batch, and linearly: the operation is run for several batch sizes, and the linear
/// function through two of them must meet the others. So no operation needs a symbolic form of its own.
enum ConstantFolding {
    /// Two sizes that no graph singles out, primes far from the constants 0, 1, −1 that graphs compare extents with; and
    /// others, even ones and small ones, where what they give must hold too.
    private static let batches = [1009, 2003, 4001, 4002, 7, 6]
    /// What depends on the batch is folded up to this many elements; shapes are short.
    private static let symbolicLimit = 4096

    /// What may still be computed while a plan is made, so that a graph's constants take neither memory nor time without
    /// bound; what is beyond is left to each evaluation.
    struct Budget {
        /// Elements that are kept.
        fileprivate var kept = 1 << 26
        /// Elements that are read, written, or needed in between.
        fileprivate var touched = 1 << 28

        /// Takes an operation's share; false where it has none.
        fileprivate mutating func take(kept: Int, touched: Int) -> Bool {
            guard kept <= self.kept, touched <= self.touched else { return false }
            self.kept -= kept
            self.touched -= touched
            return true
        }
    }

    /// What each output holds, nil where that is unknown; nil altogether where an input is unknown, and where the operation
    /// touches more elements than it may, or than `budget` has.
    static func contents(
        of operation: any Operation, inputs: [ValueDescription?], budget: inout Budget
    ) -> [ValueDescription.Contents?]? {
        var dependsOnBatch = false
        for case let input? in inputs {
            switch input.contents {
            case nil: return nil
            case .symbolic: dependsOnBatch = true
            case .constant: break
            }
        }
        let rooms = [operation.savedCount, operation.scratchCount].compactMap(\.fixed)
        guard let counts = fixedCounts(operation.outputs), let inputCounts = fixedCounts(inputs.compactMap(\.self)),
            rooms.count == 2
        else { return nil }
        let kept = counts.reduce(0, +)
        let touched = (inputCounts + rooms).reduce(kept, +)
        guard touched <= type(of: operation).foldingLimit, budget.take(kept: kept, touched: touched) else { return nil }
        if !dependsOnBatch {
            return evaluate(operation, inputs: inputs, batch: batches[0]).map { .constant($0) }
        }
        guard counts.allSatisfy({ $0 <= symbolicLimit }) else { return nil }
        let results = batches.map { evaluate(operation, inputs: inputs, batch: $0) }
        return operation.outputs.indices.map { output in interpolate(results.map { $0[output] }) }
    }

    /// The number of elements of each value; nil where one depends on the batch.
    private static func fixedCounts(_ values: [ValueDescription]) -> [Int]? {
        let counts = values.compactMap { $0.shape.product?.fixed }
        return counts.count == values.count ? counts : nil
    }

    /// What meets the results at all batch sizes.
    private static func interpolate(_ tensors: [Tensor]) -> ValueDescription.Contents? {
        if tensors.allSatisfy({ $0 == tensors[0] }) { return .constant(tensors[0]) }
        let results = tensors.compactMap(\.integers)
        guard results.count == batches.count else { return nil }
        var dimensions: [Dimension] = []
        for index in results[0].indices {
            let values = results.map { Int($0[index]) }
            guard
                let dimension = Dimension.interpolating(values[0], at: batches[0], values[1], at: batches[1]),
                zip(batches, values).allSatisfy({ dimension.value(batch: $0) == $1 })
            else { return nil }
            dimensions.append(dimension)
        }
        return .symbolic(dimensions)
    }

    /// Runs the operation on known inputs for one batch size, in Double.
    private static func evaluate(
        _ operation: any Operation, inputs: [ValueDescription?], batch: Int
    ) -> [Tensor] {
        let present = inputs.compactMap { $0 }
        let buffers = (present + operation.outputs).map { FoldingBuffer($0, batch: batch) }
        defer { buffers.forEach { $0.deallocate() } }
        var numbers: [Int] = []
        for input in inputs { numbers.append(input == nil ? -1 : numbers.count { $0 >= 0 }) }
        numbers += operation.outputs.indices.map { present.count + $0 }
        let scratch = UnsafeMutablePointer<Double>.allocate(
            capacity: operation.savedCount.value(batch: batch) + operation.scratchCount.value(batch: batch))
        defer { scratch.deallocate() }
        buffers.map(\.operand).withUnsafeBufferPointer { operands in
            numbers.withUnsafeBufferPointer { numbers in
                guard let operands = operands.baseAddress, let numbers = numbers.baseAddress else { return }
                operation.forward(
                    Frame(
                        operands: operands, numbers: numbers, inputCount: inputs.count,
                        outputCount: operation.outputs.count, saved: scratch,
                        scratch: scratch + operation.savedCount.value(batch: batch)))
            }
        }
        return buffers.dropFirst(present.count).map(\.tensor)
    }
}

/// The storage of one value while it is folded.
private struct FoldingBuffer {
    let operand: Operand<Double>
    private let elementType: ElementType
    private let extents: UnsafeMutableBufferPointer<Int>

    init(_ value: ValueDescription, batch: Int) {
        elementType = value.elementType
        extents = .allocate(capacity: value.shape.count)
        _ = extents.initialize(from: value.shape.values(batch: batch))
        let count = extents.reduce(1, *)
        var operand = Operand<Double>(extents: UnsafeBufferPointer(extents))
        if value.isFloat {
            operand.floats = .allocate(capacity: count)
            operand.floats?.initialize(repeating: 0, count: count)
        } else {
            operand.integers = .allocate(capacity: count)
            operand.integers?.initialize(repeating: 0, count: count)
        }
        switch value.contents {
        case nil: break
        case .symbolic(let dimensions):
            operand.integers?.update(from: dimensions.map { Int64($0.value(batch: batch)) }, count: count)
        case .constant(let tensor):
            if let integers = tensor.integers {
                operand.integers?.update(from: integers, count: count)
            } else {
                operand.floats?.update(from: tensor.values(as: Double.self), count: count)
            }
        }
        self.operand = operand
    }

    var tensor: Tensor {
        let shape = Shape(Array(extents))
        let count = shape.elementCount
        let elements: Tensor.Elements =
            if let floats = operand.floats {
                .double(Array(UnsafeBufferPointer(start: floats, count: count)))
            } else {
                .integer(Array(UnsafeBufferPointer(start: operand.integers, count: count)))
            }
        return Tensor(shape: shape, elementType: elementType, elements: elements)
    }

    func deallocate() {
        operand.floats?.deallocate()
        operand.integers?.deallocate()
        extents.deallocate()
    }
}
