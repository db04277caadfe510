import CKernels
import Tensors

/// `Mod` (opset 13): the remainder with the sign of the divisor, or with `fmod` that of the dividend, with broadcasting.
///
/// Floating-point operands need `fmod`. Of integers x mod 0 is 0, of floating-point numbers NaN.
struct Mod: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    private let isTruncated: Bool

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("fmod")
        isTruncated = try context.integer("fmod") == 1
        let (a, b) = (try context.input(0), try context.input(1))
        guard a.isFloat == b.isFloat else {
            throw context.typesDiffer(a, b)
        }
        guard isTruncated || !a.isFloat else {
            throw context.error(.malformed, "attribute fmod must be 1 for operands of type \(a.elementType)")
        }
        outputs = [ValueDescription(a.elementType, try context.broadcast(a.shape, b.shape))]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        var layout = instar_broadcast(frame, operandCount: 2)
        if frame.isFloatInput(0) {
            instar_binary(Scalar.kernelType, INSTAR_REMAINDER, &layout, frame.input(0), frame.input(1), frame.output(0))
        } else {
            instar_modulo(
                isTruncated ? 1 : 0, &layout, frame.integerInput(0), frame.integerInput(1), frame.integerOutput(0))
        }
    }

    /// da += dy and db −= trunc(a/b)·dy, summed over broadcast axes.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0) else { return }
        var layout = instar_broadcast(frame, operandCount: 2)
        for operand in 0..<2 {
            guard let gradient = frame.inputGradient(operand) else { continue }
            instar_binary_backward(
                Scalar.kernelType, INSTAR_REMAINDER, Int32(operand), &layout, frame.input(0), frame.input(1),
                frame.output(0), dy,
                gradient)
        }
    }
}
