import CKernels
import Tensors

extension instar_broadcast {
    /// How inputs 0 to `operandCount` − 1 of a node broadcast to its output 0.
    init<Scalar: Real>(_ frame: Frame<Scalar>, operandCount: Int) {
        self.init(frame, inputs: 0..<operandCount)
    }

    /// How one input of a node, as operand 0, broadcasts to the node's output 0.
    init<Scalar: Real>(_ frame: Frame<Scalar>, input: Int) {
        self.init(frame, inputs: input..<input + 1)
    }

    /// How arrays of two shapes, as operands 0 and 1, broadcast to an output.
    init(_ first: UnsafeBufferPointer<Int>, _ second: UnsafeBufferPointer<Int>, to output: UnsafeBufferPointer<Int>) {
        self = instar_broadcast_output(output.count, output.baseAddress)
        instar_broadcast_operand(&self, 0, first.count, first.baseAddress)
        instar_broadcast_operand(&self, 1, second.count, second.baseAddress)
        instar_broadcast_merge(&self)
    }

    private init<Scalar: Real>(_ frame: Frame<Scalar>, inputs: Range<Int>) {
        let output = frame.outputShape(0)
        self = instar_broadcast_output(output.count, output.baseAddress)
        for (operand, input) in inputs.enumerated() {
            let shape = frame.inputShape(input)
            instar_broadcast_operand(&self, operand, shape.count, shape.baseAddress)
        }
        instar_broadcast_merge(&self)
    }
}
