import CKernels
import Tensors

/// `Slice` (opset 13): every `step`th element from `start` up to, but without, `end` along chosen axes.
///
/// Starts and ends count from the end where negative and are clamped to the extent. An axis that depends on
/// the batch can only be taken whole.
struct SliceOperation: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = []
    private let starts: [Int]
    private let steps: [Int]

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow()
        let x = try context.input(0)
        let givenStarts = try context.knownDimensions(1)
        let givenEnds = try context.knownDimensions(2)
        let axes =
            context.optionalInput(3) == nil
            ? Array(givenStarts.indices)
            : try context.knownIntegers(3).map { axis throws(GraphError) in try context.axis(axis, rank: x.shape.count)
            }
        let givenSteps =
            context.optionalInput(4) == nil ? [Int](repeating: 1, count: axes.count) : try context.knownIntegers(4)
        guard axes.count == givenStarts.count, axes.count == givenEnds.count, axes.count == givenSteps.count,
            axes.count <= x.shape.count, Set(axes).count == axes.count
        else {
            throw context.error(
                .malformed,
                "\(givenStarts.count) starts, \(givenEnds.count) ends, \(givenSteps.count) steps for axes \(axes) of "
                    + "\(x.shape); one of each for each axis is expected")
        }
        var (shape, starts) = (x.shape, [Int](repeating: 0, count: x.shape.count))
        var steps = [Int](repeating: 1, count: x.shape.count)
        for (index, axis) in axes.enumerated() {
            let (start, end, step) = (givenStarts[index], givenEnds[index], givenSteps[index])
            if let extent = x.shape[axis].fixed, let start = start.fixed, let end = end.fixed, step != 0 {
                (starts[axis], shape[axis]) = Self.resolve(start, end, step, extent: extent)
                // One element or none needs no step, and where there are more the step is shorter than the extent.
                steps[axis] = (shape[axis].fixed ?? 0) > 1 ? step : 1
            } else {
                let reachesEnd = end == x.shape[axis] || (end.fixed ?? 0) >= Int(Int32.max)
                guard start == Dimension(0), step == 1, reachesEnd else {
                    throw context.error(
                        .unsupported,
                        "\(start) to \(end) in steps of \(step) along axis \(axis) of \(x.shape): an axis that depends "
                            + "on the batch can only be taken whole")
                }
            }
        }
        (self.starts, self.steps) = (starts, steps)
        outputs = [ValueDescription(x.elementType, shape)]
    }

    /// The first index and the number of elements.
    private static func resolve(_ start: Int, _ end: Int, _ step: Int, extent: Int) -> (start: Int, count: Dimension) {
        let limits = step > 0 ? 0...extent : -1...max(-1, extent - 1)
        func clamped(_ index: Int) -> Int {
            min(max(index < 0 ? index + extent : index, limits.lowerBound), limits.upperBound)
        }
        let (first, last) = (step > 0 ? clamped(start) : min(clamped(start), extent - 1), clamped(end))
        let distance = step > 0 ? last - first : first - last
        guard distance > 0 else { return (0, Dimension(0)) }
        return (first, Dimension(Int((distance.magnitude - 1) / step.magnitude) + 1))
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) { Movement.copy(frame, strides(frame)) }

    func backward<Scalar: Real>(_ frame: Frame<Scalar>) { Movement.addGradient(frame, strides(frame)) }

    private func strides<Scalar: Real>(_ frame: Frame<Scalar>) -> instar_strides {
        let (x, y) = (frame.inputShape(0), frame.outputShape(0))
        var strides = instar_strides()
        for axis in 0..<y.count {
            let stride = x.stride(of: axis)
            strides.source_start += starts[axis] * stride
            strides.append(y[axis], source: steps[axis] * stride, target: y.stride(of: axis))
        }
        return strides
    }
}
