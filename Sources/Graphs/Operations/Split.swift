import CKernels
import Tensors

/// `Split` (opset 13; `num_outputs` from 18): consecutive parts of the input along `axis`.
///
/// Sizes are input 1; without it the parts are equal, the last one smaller where the extent is no multiple.
struct Split: Operation {
    static var mayLackFirstOutput: Bool { true }

    let outputs: [ValueDescription]
    let needs: BackwardNeeds = []
    private let axis: Int

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("axis", "num_outputs")
        let x = try context.input(0)
        axis = try context.axis(try context.integer("axis") ?? 0, rank: x.shape.count)
        guard let extent = x.shape[axis].fixed else {
            throw context.error(.unsupported, "axis \(axis) of \(x.shape) depends on the batch")
        }
        let sizes: [Int]
        if context.optionalInput(1) != nil {
            sizes = try context.knownIntegers(1)
        } else {
            let count = context.node.outputs.count
            if let stated = try context.integer("num_outputs"), stated != count {
                throw context.error(.malformed, "num_outputs is \(stated); there are \(count) outputs")
            }
            let size = (extent + count - 1) / count
            sizes = (0..<count).map { max(0, min(size, extent - $0 * size)) }
        }
        guard sizes.count >= context.node.outputs.count, sizes.allSatisfy({ (0...extent).contains($0) }),
            sizes.reduce(0, +) == extent
        else {
            throw context.error(
                .mismatch,
                "sizes \(sizes) do not divide an extent of \(extent) among \(context.node.outputs.count) outputs")
        }
        outputs = sizes.prefix(context.node.outputs.count).map { [axis] size in
            var shape = x.shape
            shape[axis] = Dimension(size)
            return ValueDescription(x.elementType, shape)
        }
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        forEachOutput(frame) { output, strides in Movement.copy(frame, strides, to: output) }
    }

    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        forEachOutput(frame) { output, strides in Movement.addGradient(frame, strides, to: output) }
    }

    private func forEachOutput<Scalar: Real>(_ frame: Frame<Scalar>, _ body: (Int, instar_strides) -> Void) {
        let x = frame.inputShape(0)
        let (rows, inner) = (x.product(0..<axis), x.product(axis + 1..<x.count))
        var start = 0
        for output in outputs.indices {
            let width = (outputs[output].shape[axis].fixed ?? 0) * inner
            if frame.hasOutput(output) {
                var strides = instar_strides()
                strides.source_start = start
                strides.append(rows, source: x.product(axis..<x.count), target: width)
                strides.append(width, source: 1, target: 1)
                body(output, strides)
            }
            start += width
        }
    }
}
