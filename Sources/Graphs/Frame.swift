import Tensors

/// The storage of one value during an evaluation.
struct Operand<Scalar: Real> {
    /// The elements of a floating-point value.
    var floats: UnsafeMutablePointer<Scalar>?
    /// The elements of any other value.
    var integers: UnsafeMutablePointer<Int64>?
    /// The gradient of the loss with respect to the value, where one is wanted.
    var gradient: UnsafeMutablePointer<Scalar>?
    /// The extents at the present batch.
    var extents: UnsafeBufferPointer<Int>
}

/// What an operation sees of an evaluation: its operands, for the present batch.
///
/// Pointers are valid during the call only. Elements are row-major without gaps.
struct Frame<Scalar: Real> {
    /// The operands of all values.
    let operands: UnsafePointer<Operand<Scalar>>
    /// Value numbers of the node's inputs, then of its outputs; −1 where absent.
    let numbers: UnsafePointer<Int>
    /// The number of inputs, absent ones included.
    let inputCount: Int
    /// The number of outputs, absent ones included.
    let outputCount: Int
    /// What `forward` keeps for `backward`; `savedCount` scalars.
    let saved: UnsafeMutablePointer<Scalar>
    /// Room for the call's own use; `scratchCount` scalars, unspecified on entry.
    let scratch: UnsafeMutablePointer<Scalar>
    /// The number of examples of the present evaluation.
    var batch = 0
    /// Bit k: the gradient of input k holds nothing yet, and `backward` assigns it.
    var assignedInputs: UInt64 = 0
    /// Bit k: the gradient of input k is that of output 0.
    var passedInputs: UInt64 = 0

    /// Whether input `index` is present.
    func hasInput(_ index: Int) -> Bool { index < inputCount && numbers[index] >= 0 }

    /// Whether output `index` is wanted.
    func hasOutput(_ index: Int) -> Bool { index < outputCount && numbers[inputCount + index] >= 0 }

    /// Whether input `index` is held as `Scalar`, else as Int64.
    func isFloatInput(_ index: Int) -> Bool { operand(input: index).floats != nil }

    /// The elements of a floating-point input.
    func input(_ index: Int) -> UnsafePointer<Scalar> {
        guard let pointer = operand(input: index).floats else { preconditionFailure("input \(index) is no float") }
        return UnsafePointer(pointer)
    }

    /// The elements of an input that is not floating point; bool as 0 and 1.
    func integerInput(_ index: Int) -> UnsafePointer<Int64> {
        guard let pointer = operand(input: index).integers else { preconditionFailure("input \(index) is a float") }
        return UnsafePointer(pointer)
    }

    /// The extents of an input.
    func inputShape(_ index: Int) -> UnsafeBufferPointer<Int> { operand(input: index).extents }

    /// Where the gradient of an input is accumulated; nil where none is wanted, or where it is that of output 0.
    func inputGradient(_ index: Int) -> UnsafeMutablePointer<Scalar>? {
        passedInputs >> UInt64(index) & 1 == 1 ? nil : operand(input: index).gradient
    }

    /// Whether `backward` is to overwrite the gradient of an input, and not to add to it.
    func assigns(_ index: Int) -> Bool { assignedInputs >> UInt64(index) & 1 == 1 }

    /// Where a floating-point output goes; in `backward`, its elements.
    func output(_ index: Int) -> UnsafeMutablePointer<Scalar> {
        guard let pointer = operand(output: index).floats else { preconditionFailure("output \(index) is no float") }
        return pointer
    }

    /// Where an output that is not floating point goes; bool as 0 and 1.
    func integerOutput(_ index: Int) -> UnsafeMutablePointer<Int64> {
        guard let pointer = operand(output: index).integers else { preconditionFailure("output \(index) is a float") }
        return pointer
    }

    /// The extents of an output.
    func outputShape(_ index: Int) -> UnsafeBufferPointer<Int> { operand(output: index).extents }

    /// The gradient of an output; nil where the loss does not depend on it.
    func outputGradient(_ index: Int) -> UnsafePointer<Scalar>? {
        operand(output: index).gradient.map { UnsafePointer($0) }
    }

    /// Copies input 0 to output 0, which has as many elements: the evaluation of a view where it is not shared.
    func copyInput() {
        let count = outputShape(0).elementCount
        if isFloatInput(0) {
            output(0).update(from: input(0), count: count)
        } else {
            integerOutput(0).update(from: integerInput(0), count: count)
        }
    }

    private func operand(input index: Int) -> Operand<Scalar> {
        precondition(hasInput(index), "input \(index) is absent")
        return operands[numbers[index]]
    }

    private func operand(output index: Int) -> Operand<Scalar> {
        precondition(hasOutput(index), "output \(index) is absent")
        return operands[numbers[inputCount + index]]
    }
}

extension UnsafeBufferPointer where Element == Int {
    /// The product of the extents: the number of elements.
    var elementCount: Int { reduce(1, *) }
}
