import CKernels
import Tensors

/// `Pow` (opset 13): y = aᵇ with broadcasting; a float base takes a float or an integer exponent.
struct Pow: Operation {
    let outputs: [ValueDescription]
    let scratchCount: Dimension
    private let convertsExponent: Bool

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow()
        let (base, exponent) = (try context.input(0), try context.input(1))
        convertsExponent = base.isFloat && !exponent.isFloat
        guard base.isFloat || !exponent.isFloat else {
            throw context.error(.unsupported, "an integer base with a floating-point exponent")
        }
        guard let count = exponent.shape.product else {
            throw context.error(.unsupported, "an exponent of shape \(exponent.shape)")
        }
        scratchCount = convertsExponent ? count : Dimension(0)
        outputs = [ValueDescription(base.elementType, try context.broadcast(base.shape, exponent.shape))]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        var layout = instar_broadcast(frame, operandCount: 2)
        if frame.isFloatInput(0) {
            instar_binary(Scalar.kernelType, INSTAR_POWER, &layout, frame.input(0), exponent(frame), frame.output(0))
        } else {
            instar_binary(
                INSTAR_INTEGER, INSTAR_POWER, &layout, frame.integerInput(0), frame.integerInput(1),
                frame.integerOutput(0))
        }
    }

    /// da += b·aᵇ⁻¹·dy and db += aᵇ·ln a·dy, summed over broadcast axes.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0) else { return }
        var layout = instar_broadcast(frame, operandCount: 2)
        let exponent = exponent(frame)
        for operand in 0..<2 {
            guard let gradient = frame.inputGradient(operand) else { continue }
            instar_binary_backward(
                Scalar.kernelType, INSTAR_POWER, Int32(operand), &layout, frame.input(0), exponent, frame.output(0), dy,
                gradient)
        }
    }

    private func exponent<Scalar: Real>(_ frame: Frame<Scalar>) -> UnsafePointer<Scalar> {
        guard convertsExponent else { return frame.input(1) }
        instar_convert(
            INSTAR_INTEGER, Scalar.kernelType, frame.integerInput(1), frame.scratch, frame.inputShape(1).elementCount)
        return UnsafePointer(frame.scratch)
    }
}
