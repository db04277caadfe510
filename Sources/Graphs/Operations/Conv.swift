import CKernels
import Tensors

/// `Conv` (opset 11): the cross-correlation of X `[batch, channels, …]` with W `[filters, channels/group, …]`, plus B
/// `[filters]`, over one to three axes.
///
/// Each example and group is one matrix product: filters × unfolded windows.
struct Conv: Operation {
    static let foldingLimit = 0

    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    let scratchCount: Dimension
    private let window: SlidingWindow
    private let groupCount: Int
    /// Per group.
    private let channelCount: Int
    /// Per group.
    private let filterCount: Int

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")
        let (x, w) = (try context.floatInput(0), try context.floatInput(1))
        let weights = w.shape.compactMap(\.fixed)
        guard weights.count == w.shape.count, w.shape.count == x.shape.count, x.shape.count >= 3,
            let channels = x.shape[1].fixed
        else {
            throw context.error(
                .mismatch,
                "an input of shape \(x.shape) and weights of shape \(w.shape); [batch, channels, …] and as many fixed "
                    + "extents are expected")
        }
        groupCount = try context.integer("group") ?? 1
        guard (1...max(1, channels)).contains(groupCount), channels % groupCount == 0,
            weights[1] == channels / groupCount,
            weights[0] % groupCount == 0
        else {
            throw context.error(
                .mismatch, "\(channels) channels in \(groupCount) groups do not fit weights of shape \(w.shape)")
        }
        let kernel = Array(weights[2...])
        guard try context.integers("kernel_shape") ?? kernel == kernel else {
            throw context.error(.mismatch, "kernel_shape differs from weights of shape \(w.shape)")
        }
        if context.optionalInput(2) != nil, try context.floatInput(2).shape != [w.shape[0]] {
            throw context.error(
                .mismatch, "the bias has shape \(try context.input(2).shape); [\(w.shape[0])] is expected")
        }
        window = try SlidingWindow(context, x: x.shape, kernel: kernel)
        (channelCount, filterCount) = (weights[1], weights[0] / groupCount)
        guard let room = (w.shape[1...] + window.output).product else {
            throw context.error(.unsupported, "a kernel \(kernel) at \(window.output) positions is too large")
        }
        scratchCount = room
        outputs = [ValueDescription(x.elementType, [x.shape[0], w.shape[0]] + window.output)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let (x, w, y) = (frame.input(0), frame.input(1), frame.output(0))
        if frame.hasInput(2) {
            var strides = biasStrides(frame)
            instar_copy(Scalar.kernelType, &strides, frame.input(2), y)
        }
        forEachProduct(frame) { group, inputOffset, outputOffset, taps, positions in
            let columns = columns(frame, x + inputOffset)
            Scalar.multiply(
                MatrixOperand(w + group * filterCount * taps, stride: taps), MatrixOperand(columns, stride: positions),
                rows: filterCount, columns: positions, inner: taps, alpha: 1, beta: frame.hasInput(2) ? 1 : 0,
                into: y + outputOffset, stride: positions)
        }
    }

    /// dW += dY·columnsᵀ, dcolumns = Wᵀ·dY folded back into dX, dB += Σ dY.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0) else { return }
        let (x, w) = (frame.input(0), frame.input(1))
        let (dx, dw) = (frame.inputGradient(0), frame.inputGradient(1))
        if frame.hasInput(2), let db = frame.inputGradient(2) {
            var strides = biasStrides(frame).reversed
            instar_accumulate(Scalar.kernelType, &strides, 1, dy, db)
        }
        guard dx != nil || dw != nil else { return }
        var window = window.raw
        forEachProduct(frame) { group, inputOffset, outputOffset, taps, positions in
            let weightOffset = group * filterCount * taps
            if let dw {
                Scalar.multiply(
                    MatrixOperand(dy + outputOffset, stride: positions),
                    MatrixOperand(columns(frame, x + inputOffset), stride: positions, isTransposed: true),
                    rows: filterCount, columns: taps, inner: positions, alpha: 1, beta: 1, into: dw + weightOffset,
                    stride: taps)
            }
            if let dx {
                Scalar.multiply(
                    MatrixOperand(w + weightOffset, stride: taps, isTransposed: true),
                    MatrixOperand(dy + outputOffset, stride: positions),
                    rows: taps, columns: positions, inner: filterCount, alpha: 1, beta: 0, into: frame.scratch,
                    stride: positions)
                instar_fold(Scalar.kernelType, &window, channelCount, frame.scratch, dx + inputOffset)
            }
        }
    }

    /// Calls `body(group, inputOffset, outputOffset, taps, positions)` for each example and group.
    private func forEachProduct<Scalar: Real>(_ frame: Frame<Scalar>, _ body: (Int, Int, Int, Int, Int) -> Void) {
        let (x, y) = (frame.inputShape(0), frame.outputShape(0))
        let taps = channelCount * window.raw.kernel.0 * window.raw.kernel.1 * window.raw.kernel.2
        let positions = y.stride(of: 1)
        for product in 0..<x[0] * groupCount {
            body(
                product % groupCount, product * channelCount * x.stride(of: 1), product * filterCount * positions, taps,
                positions)
        }
    }

    /// The unfolded windows, in scratch; X itself where they are the same.
    private func columns<Scalar: Real>(_ frame: Frame<Scalar>, _ x: UnsafePointer<Scalar>) -> UnsafePointer<Scalar> {
        var window = window.raw
        let isUnfolded =
            window.kernel == (1, 1, 1) && window.stride == (1, 1, 1) && window.pad_begin == (0, 0, 0)
            && window.pad_end == (0, 0, 0)
        if isUnfolded { return x }
        instar_unfold(Scalar.kernelType, &window, channelCount, x, frame.scratch)
        return UnsafePointer(frame.scratch)
    }

    /// From the bias to every element of the output.
    private func biasStrides<Scalar: Real>(_ frame: Frame<Scalar>) -> instar_strides {
        let y = frame.outputShape(0)
        var strides = instar_strides()
        strides.append(y[0], source: 0, target: y.stride(of: 0))
        strides.append(y[1], source: 1, target: y.stride(of: 1))
        strides.append(y.stride(of: 1), source: 0, target: 1)
        return strides
    }
}
