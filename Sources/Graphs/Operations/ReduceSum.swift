import CKernels
import Tensors

/// `ReduceSum` (opset 13) and `ReduceMean` (opset 13; axes are an input from 18): the sum or the mean over axes.
struct ReduceSum: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = []
    private let reduction: Reduction
    private let isMean: Bool

    init(_ context: NodeContext) throws(GraphError) {
        isMean = context.node.operatorName == "ReduceMean"
        if isMean { _ = try context.floatInput(0) }
        reduction = try Reduction(context, axesInputSince: isMean ? 18 : 13)
        outputs = [reduction.output]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        var strides = reduction.strides(frame)
        Movement.fill(frame, with: 0)
        if frame.isFloatInput(0) {
            instar_accumulate(Scalar.kernelType, &strides, scale(frame), frame.input(0), frame.output(0))
        } else {
            instar_accumulate(INSTAR_INTEGER, &strides, 1, frame.integerInput(0), frame.integerOutput(0))
            frame.narrowOutput(to: outputs[0].elementType)
        }
    }

    /// dx += dy, repeated over the reduced axes, or its share of it.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0), let dx = frame.inputGradient(0) else { return }
        var strides = reduction.strides(frame).reversed
        instar_accumulate(Scalar.kernelType, &strides, scale(frame), dy, dx)
    }

    private func scale<Scalar: Real>(_ frame: Frame<Scalar>) -> Double {
        isMean ? Double(frame.outputShape(0).elementCount) / Double(frame.inputShape(0).elementCount) : 1
    }
}
