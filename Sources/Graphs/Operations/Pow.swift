import CKernels
import Tensors

/// `Pow` (opset 15): y = aᵇ with broadcasting, of the type of a.
///
/// Operands of different kinds are computed as floating point, and the power of an integer base is cut off.
struct Pow: Operation {
    let outputs: [ValueDescription]
    let scratchCount: Dimension
    private let converts: [Bool]

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow()
        let operands = [try context.input(0), try context.input(1)]
        let isFloat = operands[0].isFloat || operands[1].isFloat
        converts = operands.map { isFloat && !$0.isFloat }
        let shape = try context.broadcast(operands[0].shape, operands[1].shape)
        var room = Dimension(0)
        for (shape, isConverted) in [
            (operands[0].shape, converts[0]), (operands[1].shape, converts[1]), (shape, converts[0]),
        ]
        where isConverted {
            guard let count = shape.product, let sum = room.plus(count) else {
                throw context.error(.unsupported, "the shape \(shape) is quadratic in the batch, or too large")
            }
            room = sum
        }
        scratchCount = room
        outputs = [ValueDescription(operands[0].elementType, shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        var layout = instar_broadcast(frame, operandCount: 2)
        guard frame.isFloatInput(0) || frame.isFloatInput(1) else {
            instar_binary(
                INSTAR_INTEGER, INSTAR_POWER, &layout, frame.integerInput(0), frame.integerInput(1),
                frame.integerOutput(0))
            frame.narrowOutput(to: outputs[0].elementType)
            return
        }
        let (a, b) = (operand(frame, 0), operand(frame, 1))
        if frame.isFloatInput(0) {
            instar_binary(Scalar.kernelType, INSTAR_POWER, &layout, a, b, frame.output(0))
        } else {
            let powers = frame.scratch + frame.inputShape(0).elementCount
            instar_binary(Scalar.kernelType, INSTAR_POWER, &layout, a, b, powers)
            instar_convert(
                Scalar.kernelType, INSTAR_INTEGER, powers, frame.integerOutput(0), frame.outputShape(0).elementCount)
            frame.narrowOutput(to: outputs[0].elementType)
        }
    }

    /// da += b·aᵇ⁻¹·dy and db += aᵇ·ln a·dy, summed over broadcast axes.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0) else { return }
        var layout = instar_broadcast(frame, operandCount: 2)
        let (a, b) = (operand(frame, 0), operand(frame, 1))
        for index in 0..<2 {
            guard let gradient = frame.inputGradient(index) else { continue }
            instar_binary_backward(
                Scalar.kernelType, INSTAR_POWER, Int32(index), &layout, a, b, frame.output(0), dy, gradient)
        }
    }

    /// The operand as floating point; at most one is converted, into scratch.
    private func operand<Scalar: Real>(_ frame: Frame<Scalar>, _ index: Int) -> UnsafePointer<Scalar> {
        guard converts[index] else { return frame.input(index) }
        instar_convert(
            INSTAR_INTEGER, Scalar.kernelType, frame.integerInput(index), frame.scratch,
            frame.inputShape(index).elementCount)
        return UnsafePointer(frame.scratch)
    }
}
