import CKernels
import Tensors

/// What convolution and pooling share: where the window lies, over one to three axes after `[batch, channels]`.
///
/// One axis is treated as an image one row high, two as a volume of one layer.
struct SlidingWindow: Sendable {
    /// Extents, strides, dilations and pads as (layers, rows, columns).
    let raw: instar_window
    /// The extents of the output's sliding axes.
    let output: [Dimension]

    /// What a kernel, stride, dilation or pad can be: products of two of them do not overflow.
    private static let sizes = 1...Int(Int32.max)

    /// Reads `strides`, `dilations`, `pads`, `auto_pad` and `ceil_mode` for an input of shape `x`.
    init(_ context: NodeContext, x: [Dimension], kernel: [Int]) throws(GraphError) {
        let axes = x.count - 2
        guard (1...3).contains(axes), kernel.count == axes else {
            throw context.error(
                .unsupported, "an input of shape \(x) and a kernel \(kernel); one to three sliding axes are implemented"
            )
        }
        let strides = try context.integers("strides") ?? [Int](repeating: 1, count: axes)
        let dilations = try context.integers("dilations") ?? [Int](repeating: 1, count: axes)
        let pads = try context.integers("pads") ?? [Int](repeating: 0, count: 2 * axes)
        let automatic = try context.string("auto_pad") ?? "NOTSET"
        let roundsUp = try context.integer("ceil_mode") == 1
        guard strides.count == axes, dilations.count == axes, pads.count == 2 * axes,
            (kernel + strides + dilations).allSatisfy(Self.sizes.contains),
            pads.allSatisfy({ $0 == 0 || Self.sizes.contains($0) })
        else {
            throw context.error(
                .malformed,
                "kernel \(kernel), strides \(strides), dilations \(dilations), pads \(pads) for shape \(x); for "
                    + "each sliding axis one positive number of each is expected, and two pads of at least 0")
        }
        guard ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"].contains(automatic) else {
            throw context.error(
                .malformed, "auto_pad is \(automatic); NOTSET, VALID, SAME_UPPER or SAME_LOWER is expected")
        }
        var window = instar_window(
            input: (1, 1, 1), output: (1, 1, 1), kernel: (1, 1, 1), stride: (1, 1, 1), dilation: (1, 1, 1),
            pad_begin: (0, 0, 0), pad_end: (0, 0, 0))
        var extents: [Dimension] = []
        for axis in 0..<axes {
            guard let extent = x[axis + 2].fixed else {
                throw context.error(.unsupported, "axis \(axis + 2) of \(x) depends on the batch")
            }
            let (stride, span) = (strides[axis], (kernel[axis] - 1) * dilations[axis] + 1)
            var (begin, end) = (pads[axis], pads[axes + axis])
            if automatic.hasPrefix("SAME") {
                let total = max(0, ((extent + stride - 1) / stride - 1) * stride + span - extent)
                begin = automatic == "SAME_UPPER" ? total / 2 : total - total / 2
                end = total - begin
            } else if automatic == "VALID" {
                (begin, end) = (0, 0)
            }
            let room = extent + begin + end - span
            guard room >= 0 else {
                throw context.error(.mismatch, "a kernel that spans \(span) does not fit an extent of \(extent)")
            }
            var count = (room + (roundsUp ? stride - 1 : 0)) / stride + 1
            // A window must not start in the padding behind the input.
            if roundsUp && (count - 1) * stride >= extent + begin { count -= 1 }
            window.set(
                axis: axis + 3 - axes, input: extent, output: count, kernel: kernel[axis], stride: stride,
                dilation: dilations[axis], begin: begin, end: end)
            extents.append(Dimension(count))
        }
        guard KernelLimits.elementCount(of: kernel.map { Dimension($0) } + extents, batch: 1) != nil else {
            throw context.error(.unsupported, "a kernel \(kernel) at \(extents) positions is too large")
        }
        (raw, output) = (window, extents)
    }
}

extension instar_window {
    /// Sets what belongs to layers (axis 0), rows (axis 1) or columns (axis 2).
    fileprivate mutating func set(
        axis: Int, input: Int, output: Int, kernel: Int, stride: Int, dilation: Int, begin: Int, end: Int
    ) {
        let parts: [(WritableKeyPath<instar_window, (Int, Int, Int)>, Int)] = [
            (\.input, input), (\.output, output), (\.kernel, kernel), (\.stride, stride), (\.dilation, dilation),
            (\.pad_begin, begin), (\.pad_end, end),
        ]
        for (part, number) in parts {
            switch axis {
            case 0: self[keyPath: part].0 = number
            case 1: self[keyPath: part].1 = number
            default: self[keyPath: part].2 = number
            }
        }
    }
}
