import CKernels
import Tensors

/// `Sum` and `Mean` (opset 13) of any number of operands with broadcasting.
struct Sum: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = []
    private let operandCount: Int
    private let scale: Double

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow()
        operandCount = context.inputCount
        scale = context.node.operatorName == "Mean" ? 1 / Double(max(1, operandCount)) : 1
        var shape = try context.floatInput(0).shape
        for index in 1..<max(1, operandCount) {
            shape = try context.broadcast(shape, try context.floatInput(index).shape)
        }
        outputs = [ValueDescription(try context.input(0).elementType, shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        Movement.fill(frame, with: 0)
        for operand in 0..<operandCount {
            var strides = strides(frame, operand)
            instar_accumulate(Scalar.kernelType, &strides, scale, frame.input(operand), frame.output(0))
        }
    }

    /// Each operand's gradient += dy, or its share of it, summed over broadcast axes.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0) else { return }
        for operand in 0..<operandCount {
            guard let gradient = frame.inputGradient(operand) else { continue }
            var strides = strides(frame, operand).reversed
            instar_accumulate(Scalar.kernelType, &strides, scale, dy, gradient)
        }
    }

    /// From an operand, repeated where it is broadcast, to the output.
    private func strides<Scalar: Real>(_ frame: Frame<Scalar>, _ operand: Int) -> instar_strides {
        let (x, y) = (frame.inputShape(operand), frame.outputShape(0))
        var strides = instar_strides()
        for axis in 0..<y.count {
            let own = axis - (y.count - x.count)
            let isRepeated = own < 0 || x[own] == 1
            strides.append(y[axis], source: isRepeated ? 0 : x.stride(of: own), target: y.stride(of: axis))
        }
        return strides
    }
}
