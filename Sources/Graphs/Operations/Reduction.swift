import CKernels
import Tensors

/// What the operators that reduce axes share: which axes, and the shape that is left.
struct Reduction: Sendable {
    /// Whether an axis of the input is reduced.
    let isReduced: [Bool]
    /// The output.
    let output: ValueDescription

    /// Reads `keepdims`, `noop_with_empty_axes` and the axes, which became an input with opset `axesInputSince`.
    init(_ context: NodeContext, axesInputSince: Int) throws(GraphError) {
        let x = try context.input(0)
        let axes: [Int]?
        if context.opset >= axesInputSince {
            try context.allow("keepdims", "noop_with_empty_axes")
            axes = context.optionalInput(1) == nil ? nil : try context.knownIntegers(1)
        } else {
            try context.allow("keepdims", "axes")
            axes = try context.integers("axes")
        }
        let reduced = Set(
            try (axes ?? []).map { axis throws(GraphError) in try context.axis(axis, rank: x.shape.count) })
        let reducesNone = try context.integer("noop_with_empty_axes") == 1
        isReduced = x.shape.indices.map { reduced.isEmpty ? !reducesNone : reduced.contains($0) }
        let keepsAxes = try context.integer("keepdims") != 0
        var shape: [Dimension] = []
        for (extent, isReduced) in zip(x.shape, isReduced) where keepsAxes || !isReduced {
            shape.append(isReduced ? Dimension(1) : extent)
        }
        output = ValueDescription(x.elementType, shape)
    }

    /// From every element of the input to the element of the output that it enters.
    func strides<Scalar: Real>(_ frame: Frame<Scalar>) -> instar_strides {
        let x = frame.inputShape(0)
        var strides = instar_strides()
        for axis in 0..<x.count {
            var target = isReduced[axis] ? 0 : 1
            for inner in axis + 1..<max(axis + 1, x.count) where !isReduced[inner] { target *= x[inner] }
            strides.append(x[axis], source: x.stride(of: axis), target: target)
        }
        return strides
    }
}
