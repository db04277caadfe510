import CKernels
import Tensors

/// `ConvTranspose` (opset 11): the transpose of a convolution, which takes X `[batch, channels, …]` with W
/// `[channels, filters/group, …]` to a larger image, plus B `[filters]`, over one to three axes.
///
/// For each example and group the columns Wᵀ·X are folded into Y, as `Conv` folds the gradient of its input.
struct ConvTranspose: Operation {
    static let foldingLimit = 0

    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    let scratchCount: Dimension
    /// The window of the convolution that this transposes: its input is Y, its output X.
    private let window: instar_window
    private let groupCount: Int
    /// Per group.
    private let channelCount: Int
    /// Per group.
    private let filterCount: Int

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow(
            "auto_pad", "dilations", "group", "kernel_shape", "output_padding", "output_shape", "pads", "strides")
        let (x, w) = (try context.floatInput(0), try context.floatInput(1))
        let (extents, weights) = (x.shape.dropFirst().compactMap(\.fixed), w.shape.compactMap(\.fixed))
        groupCount = try context.integer("group") ?? 1
        guard (3...5).contains(x.shape.count), w.shape.count == x.shape.count, weights.count == w.shape.count,
            extents.count == x.shape.count - 1, (1...max(1, extents[0])).contains(groupCount),
            extents[0] % groupCount == 0, weights[0] == extents[0]
        else {
            throw context.error(
                .mismatch,
                "an input of shape \(x.shape) and weights of shape \(w.shape) in \(groupCount) groups; one to "
                    + "three sliding axes are implemented")
        }
        let kernel = Array(weights[2...])
        guard try context.integers("kernel_shape") ?? kernel == kernel else {
            throw context.error(.mismatch, "kernel_shape differs from weights of shape \(w.shape)")
        }
        let filters = Dimension(weights[1] * groupCount)
        if context.optionalInput(2) != nil, try context.floatInput(2).shape != [filters] {
            throw context.error(.mismatch, "the bias has shape \(try context.input(2).shape); [\(filters)] is expected")
        }
        let axes = try TransposedWindow(context, x: Array(extents.dropFirst()), kernel: kernel)
        window = axes.raw
        (channelCount, filterCount) = (extents[0] / groupCount, weights[1])
        guard let room = (weights[1...] + extents[1...]).map({ Dimension($0) }).product else {
            throw context.error(.unsupported, "a kernel \(kernel) at \(extents) positions is too large")
        }
        scratchCount = room
        outputs = [ValueDescription(x.elementType, [x.shape[0], filters] + axes.output.map { Dimension($0) })]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let (x, w, y) = (frame.input(0), frame.input(1), frame.output(0))
        if frame.hasInput(2) {
            var strides = biasStrides(frame)
            instar_copy(Scalar.kernelType, &strides, frame.input(2), y)
        } else {
            Movement.fill(frame, with: 0)
        }
        var window = window
        forEachProduct(frame) { weightOffset, inputOffset, outputOffset, taps, positions in
            Scalar.multiply(
                MatrixOperand(w + weightOffset, stride: taps, isTransposed: true),
                MatrixOperand(x + inputOffset, stride: positions), rows: taps, columns: positions, inner: channelCount,
                alpha: 1, beta: 0, into: frame.scratch, stride: positions)
            instar_fold(Scalar.kernelType, &window, filterCount, frame.scratch, y + outputOffset)
        }
    }

    /// With dY unfolded into columns: dX += W·columns, dW += X·columnsᵀ, dB += Σ dY.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0) else { return }
        let (x, w) = (frame.input(0), frame.input(1))
        let (dx, dw) = (frame.inputGradient(0), frame.inputGradient(1))
        if frame.hasInput(2), let db = frame.inputGradient(2) {
            var strides = biasStrides(frame).reversed
            instar_accumulate(Scalar.kernelType, &strides, 1, dy, db)
        }
        guard dx != nil || dw != nil else { return }
        var window = window
        forEachProduct(frame) { weightOffset, inputOffset, outputOffset, taps, positions in
            instar_unfold(Scalar.kernelType, &window, filterCount, dy + outputOffset, frame.scratch)
            if let dx {
                Scalar.multiply(
                    MatrixOperand(w + weightOffset, stride: taps), MatrixOperand(frame.scratch, stride: positions),
                    rows: channelCount, columns: positions, inner: taps, alpha: 1, beta: 1, into: dx + inputOffset,
                    stride: positions)
            }
            if let dw {
                Scalar.multiply(
                    MatrixOperand(x + inputOffset, stride: positions),
                    MatrixOperand(frame.scratch, stride: positions, isTransposed: true), rows: channelCount,
                    columns: taps, inner: positions, alpha: 1, beta: 1, into: dw + weightOffset, stride: taps)
            }
        }
    }

    /// Calls `body(weightOffset, inputOffset, outputOffset, taps, positions)` for each example and group.
    private func forEachProduct<Scalar: Real>(_ frame: Frame<Scalar>, _ body: (Int, Int, Int, Int, Int) -> Void) {
        let (x, y) = (frame.inputShape(0), frame.outputShape(0))
        let taps = filterCount * window.kernel.0 * window.kernel.1 * window.kernel.2
        let positions = x.stride(of: 1)
        for product in 0..<x[0] * groupCount {
            body(
                product % groupCount * channelCount * taps, product * channelCount * positions,
                product * filterCount * y.stride(of: 1), taps, positions)
        }
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

/// Where the window of a transposed convolution lies, over one to three axes.
private struct TransposedWindow {
    let raw: instar_window
    /// The extents of Y's sliding axes.
    let output: [Int]

    /// Reads the attributes for sliding axes of extents `x`.
    ///
    /// An extent of Y is stride·(x − 1) + output_padding + dilation·(kernel − 1) + 1 − pads. `output_shape` or `auto_pad`
    /// state it instead (as x·stride); the pads are then what is too much, the larger half in front unless SAME_UPPER.
    init(_ context: NodeContext, x: [Int], kernel: [Int]) throws(GraphError) {
        let axes = x.count
        let ones = [Int](repeating: 1, count: axes)
        let zeros = [Int](repeating: 0, count: axes)
        let strides = try context.integers("strides") ?? ones
        let dilations = try context.integers("dilations") ?? ones
        let extra = try context.integers("output_padding") ?? zeros
        let pads = try context.integers("pads") ?? zeros + zeros
        let stated = try context.integers("output_shape")
        let automatic = try context.string("auto_pad") ?? "NOTSET"
        let sizes = 1...Int(Int16.max)
        guard strides.count == axes, dilations.count == axes, extra.count == axes, pads.count == 2 * axes,
            stated.map({ $0.count == axes && $0.allSatisfy { (0...Int(Int32.max)).contains($0) } }) ?? true,
            (kernel + strides + dilations).allSatisfy(sizes.contains),
            (extra + pads).allSatisfy({ $0 == 0 || sizes.contains($0) }),
            ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"].contains(automatic)
        else {
            throw context.error(
                .malformed,
                "kernel \(kernel), strides \(strides), dilations \(dilations), output_padding \(extra), pads \(pads), "
                    + "auto_pad \(automatic) for sliding axes \(x); for each axis one number from 1 to \(Int16.max) of "
                    + "each is expected, and two pads from 0 on")
        }
        var (output, begins, ends) = (zeros, zeros, zeros)
        for axis in 0..<axes {
            let whole = strides[axis] * (x[axis] - 1) + extra[axis] + dilations[axis] * (kernel[axis] - 1) + 1
            var (begin, end) = automatic == "VALID" ? (0, 0) : (pads[axis], pads[axes + axis])
            let wanted = stated?[axis] ?? (automatic.hasPrefix("SAME") ? x[axis] * strides[axis] : nil)
            if let wanted {
                let total = max(0, whole - wanted)
                begin = automatic == "SAME_UPPER" ? total / 2 : total - total / 2
                end = total - begin
            }
            let extent = wanted ?? whole - begin - end
            guard extent >= 0 else {
                throw context.error(.mismatch, "pads \(pads) remove more than an extent of \(whole)")
            }
            (output[axis], begins[axis], ends[axis]) = (extent, begin, end)
        }
        self.output = output
        /// Absent axes are the outer ones.
        func triple(_ values: [Int], absent: Int) -> (Int, Int, Int) {
            let all = [Int](repeating: absent, count: 3 - axes) + values
            return (all[0], all[1], all[2])
        }
        raw = instar_window(
            input: triple(output, absent: 1), output: triple(x, absent: 1), kernel: triple(kernel, absent: 1),
            stride: triple(strides, absent: 1), dilation: triple(dilations, absent: 1),
            pad_begin: triple(begins, absent: 0), pad_end: triple(ends, absent: 0))
    }
}
