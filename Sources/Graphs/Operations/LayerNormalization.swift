import CKernels
import Tensors

/// `LayerNormalization` (opset 17): y = (x − mean)/√(variance + epsilon)·scale + bias over the axes from `axis` on.
///
/// Outputs 1 and 2 are the mean and 1/√(variance + epsilon), with those axes kept at extent 1. Scale and bias broadcast to
/// x; mostly they have the shape of the normalized axes, which the kernel takes in one pass.
///
/// Ba, Kiros & Hinton 2016, "Layer Normalization", arXiv:1607.06450, equations 3 and 4.
struct LayerNormalization: Operation {
    static var opsets: ClosedRange<Int> { 17...25 }

    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    let savedCount: Dimension
    let scratchCount: Dimension
    private let extent: Int
    private let isFused: Bool
    private let epsilon: Double

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("axis", "epsilon", "stash_type")
        let x = try context.floatInput(0)
        let axis = try context.axis(try context.integer("axis") ?? -1, rank: x.shape.count)
        // The standard's attributes are single precision.
        epsilon = try context.float("epsilon") ?? Double(Float(1e-5))
        let normalized = Array(x.shape[axis...])
        guard let extent = normalized.product?.fixed, let rows = x.shape[..<axis].product?.times(Dimension(2)),
            let count = x.shape.product, let all = rows.plus(count), let room = count.plus(Dimension(extent))
        else {
            throw context.error(.unsupported, "the axes from \(axis) on of \(x.shape) depend on the batch")
        }
        guard extent > 0 else {
            throw context.error(.malformed, "the axes from \(axis) on of \(x.shape) are empty, and have no mean")
        }
        let parameters = try (1...2).filter { $0 == 1 || context.optionalInput($0) != nil }.map {
            index throws(GraphError) in try context.floatInput(index).shape
        }
        for shape in parameters where try context.broadcast(x.shape, shape) != x.shape {
            throw context.error(.mismatch, "scale or bias of shape \(shape) does not broadcast to \(x.shape)")
        }
        self.extent = extent
        isFused = parameters.allSatisfy { $0 == normalized }
        // Apart from the statistics of each row, what is not fused keeps the normalized x.
        (savedCount, scratchCount) = isFused ? (rows, Dimension(0)) : (all, room)
        let statistics = ValueDescription(x.elementType, x.shape[..<axis] + normalized.map { _ in Dimension(1) })
        let results = [ValueDescription(x.elementType, x.shape), statistics, statistics]
        outputs = Array(results.prefix(context.node.outputs.count))
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let rows = rows(frame)
        if isFused {
            instar_layer_norm(
                Scalar.kernelType, rows, extent, epsilon, frame.input(0), frame.input(1),
                frame.hasInput(2) ? frame.input(2) : nil, frame.output(0), frame.saved)
        } else {
            let z = normalized(frame)
            instar_layer_norm(
                Scalar.kernelType, rows, extent, epsilon, frame.input(0), ones(frame), nil, z, frame.saved)
            let scaled = frame.hasInput(2) ? frame.scratch + extent : frame.output(0)
            var layout = layout(frame, 1)
            instar_binary(Scalar.kernelType, INSTAR_MULTIPLY, &layout, z, frame.input(1), scaled)
            if frame.hasInput(2) {
                layout = self.layout(frame, 2)
                instar_binary(Scalar.kernelType, INSTAR_ADD, &layout, scaled, frame.input(2), frame.output(0))
            }
        }
        for output in 1...2 where frame.hasOutput(output) {
            for row in 0..<rows { frame.output(output)[row] = frame.saved[2 * row + output - 1] }
        }
    }

    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        if let dy = frame.outputGradient(0) {
            if isFused {
                instar_layer_norm_backward(
                    Scalar.kernelType, rows(frame), extent, frame.input(0), frame.input(1), frame.saved, dy,
                    frame.inputGradient(0), frame.inputGradient(1), frame.hasInput(2) ? frame.inputGradient(2) : nil)
            } else {
                backwardByParts(frame, dy)
            }
        }
        addGradientOfStatistics(frame)
    }

    /// The gradients of y = z·scale + bias, then that of z with respect to x.
    private func backwardByParts<Scalar: Real>(_ frame: Frame<Scalar>, _ dy: UnsafePointer<Scalar>) {
        let (z, dz, y) = (normalized(frame), frame.scratch + extent, frame.output(0))
        let dx = frame.inputGradient(0)
        if dx != nil { instar_zero(dz, frame.inputShape(0).elementCount * MemoryLayout<Scalar>.stride) }
        for (parameter, code) in [(1, INSTAR_MULTIPLY), (2, INSTAR_ADD)] where frame.hasInput(parameter) {
            var layout = layout(frame, parameter)
            let values = frame.input(parameter)
            if let gradient = frame.inputGradient(parameter) {
                instar_binary_backward(Scalar.kernelType, code, 1, &layout, z, values, y, dy, gradient)
            }
            if parameter == 1, dx != nil {
                instar_binary_backward(Scalar.kernelType, code, 0, &layout, z, values, y, dy, dz)
            }
        }
        guard let dx else { return }
        instar_layer_norm_backward(
            Scalar.kernelType, rows(frame), extent, frame.input(0), ones(frame), frame.saved, dz, dx, nil, nil)
    }

    /// Where the normalized x is kept: after the statistics.
    private func normalized<Scalar: Real>(_ frame: Frame<Scalar>) -> UnsafeMutablePointer<Scalar> {
        frame.saved + 2 * rows(frame)
    }

    /// A scale that changes nothing, in scratch.
    private func ones<Scalar: Real>(_ frame: Frame<Scalar>) -> UnsafePointer<Scalar> {
        frame.scratch.update(repeating: 1, count: extent)
        return UnsafePointer(frame.scratch)
    }

    /// How x and a parameter broadcast to y.
    private func layout<Scalar: Real>(_ frame: Frame<Scalar>, _ parameter: Int) -> instar_broadcast {
        instar_broadcast(frame.inputShape(0), frame.inputShape(parameter), to: frame.outputShape(0))
    }

    /// dx += dmean/n − (x − mean)·s³·ds/n, with s = 1/√(variance + epsilon) over n elements.
    private func addGradientOfStatistics<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dx = frame.inputGradient(0) else { return }
        let (dmean, ds) = (gradient(frame, 1), gradient(frame, 2))
        guard dmean != nil || ds != nil else { return }
        let (x, count) = (frame.input(0), Scalar(extent))
        for index in 0..<rows(frame) * extent {
            let row = index / extent
            let (mean, s) = (frame.saved[2 * row], frame.saved[2 * row + 1])
            dx[index] += ((dmean?[row] ?? 0) - (x[index] - mean) * s * s * s * (ds?[row] ?? 0)) / count
        }
    }

    private func gradient<Scalar: Real>(_ frame: Frame<Scalar>, _ output: Int) -> UnsafePointer<Scalar>? {
        frame.hasOutput(output) ? frame.outputGradient(output) : nil
    }

    private func rows<Scalar: Real>(_ frame: Frame<Scalar>) -> Int {
        frame.inputShape(0).elementCount / extent
    }
}
