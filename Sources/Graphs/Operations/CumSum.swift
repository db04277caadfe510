import CKernels
import Tensors

/// `CumSum` (opset 11): the sum of the elements up to each one along an axis, without itself where `exclusive`, from the
/// end where `reverse`; integers too.
struct CumSum: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = []
    private let axis: Int
    private let isExclusive: Bool
    private let isReversed: Bool

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("exclusive", "reverse")
        let x = try context.input(0)
        let axes = try context.knownIntegers(1)
        guard axes.count == 1 else { throw context.error(.malformed, "the axis \(axes) is no single number") }
        axis = try context.axis(axes[0], rank: x.shape.count)
        isExclusive = try context.integer("exclusive") == 1
        isReversed = try context.integer("reverse") == 1
        outputs = [ValueDescription(x.elementType, x.shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        if frame.isFloatInput(0) {
            sum(frame, Scalar.kernelType, frame.input(0), frame.output(0), adds: false, reversed: isReversed)
        } else {
            sum(frame, INSTAR_INTEGER, frame.integerInput(0), frame.integerOutput(0), adds: false, reversed: isReversed)
            frame.narrowOutput(to: outputs[0].elementType)
        }
    }

    /// dx += the sums of dy in the other direction.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0), let dx = frame.inputGradient(0) else { return }
        sum(frame, Scalar.kernelType, dy, dx, adds: true, reversed: !isReversed)
    }

    private func sum<Scalar: Real>(
        _ frame: Frame<Scalar>, _ type: Int32, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer, adds: Bool,
        reversed: Bool
    ) {
        let shape = frame.inputShape(0)
        var line = instar_axis(
            outer: shape.product(0..<axis), extent: shape[axis], inner: shape.stride(of: axis))
        instar_cumulative_sum(type, &line, isExclusive ? 1 : 0, reversed ? 1 : 0, adds ? 1 : 0, x, y)
    }
}
