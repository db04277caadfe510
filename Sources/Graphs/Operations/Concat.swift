import CKernels
import Tensors

/// `Concat` (opset 13): the inputs one after the other along `axis`.
struct Concat: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = []
    private let axis: Int
    private let inputCount: Int

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("axis")
        let first = try context.input(0)
        guard let given = try context.integer("axis") else {
            throw context.error(.malformed, "attribute axis is absent")
        }
        let axis = try context.axis(given, rank: first.shape.count)
        self.axis = axis
        inputCount = context.inputCount
        var shape = first.shape
        for index in 1..<max(1, inputCount) {
            let next = try context.input(index)
            guard next.shape.count == shape.count, next.isFloat == first.isFloat,
                next.shape.indices.allSatisfy({ $0 == axis || next.shape[$0] == shape[$0] })
            else {
                throw context.error(
                    .mismatch,
                    "inputs 0 and \(index) of shapes \(first.shape) and \(next.shape) do not fit along axis \(axis)")
            }
            guard let extent = shape[axis].plus(next.shape[axis]) else {
                throw context.error(.unsupported, "the extent of axis \(axis) overflows")
            }
            shape[axis] = extent
        }
        outputs = [ValueDescription(first.elementType, shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        forEachInput(frame) { input, strides in Movement.copy(frame, strides, from: input) }
    }

    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        forEachInput(frame) { input, strides in Movement.addGradient(frame, strides, from: input) }
    }

    private func forEachInput<Scalar: Real>(_ frame: Frame<Scalar>, _ body: (Int, instar_strides) -> Void) {
        let y = frame.outputShape(0)
        let rows = y.product(0..<axis)
        var start = 0
        for input in 0..<inputCount {
            let width = frame.inputShape(input).product(axis..<y.count)
            var strides = instar_strides()
            strides.target_start = start
            strides.append(rows, source: width, target: y.product(axis..<y.count))
            strides.append(width, source: 1, target: 1)
            body(input, strides)
            start += width
        }
    }
}
