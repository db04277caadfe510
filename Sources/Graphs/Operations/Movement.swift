import CKernels
import Tensors

/// What operators that move elements without changing them share.
enum Movement {
    /// Copies from an input to an output along `strides` (source: input, target: output).
    static func copy<Scalar: Real>(
        _ frame: Frame<Scalar>, _ strides: instar_strides, from input: Int = 0, to output: Int = 0
    ) {
        var strides = strides
        if frame.isFloatInput(input) {
            instar_copy(Scalar.kernelType, &strides, frame.input(input), frame.output(output))
        } else {
            instar_copy(INSTAR_INTEGER, &strides, frame.integerInput(input), frame.integerOutput(output))
        }
    }

    /// Adds an output's gradient to an input's along the same `strides`.
    static func addGradient<Scalar: Real>(
        _ frame: Frame<Scalar>, _ strides: instar_strides, from input: Int = 0, to output: Int = 0
    ) {
        guard frame.hasOutput(output), let dy = frame.outputGradient(output), let dx = frame.inputGradient(input) else {
            return
        }
        var reversed = strides.reversed
        instar_accumulate(Scalar.kernelType, &reversed, 1, dy, dx)
    }

    /// Fills output 0.
    static func fill<Scalar: Real>(_ frame: Frame<Scalar>, with value: Double) {
        let count = frame.outputShape(0).elementCount
        if frame.isFloatOutput(0) {
            var scalar = Scalar(value)
            instar_fill(Scalar.kernelType, &scalar, frame.output(0), count)
        } else {
            var integer = Int64(value)
            instar_fill(INSTAR_INTEGER, &integer, frame.integerOutput(0), count)
        }
    }
}

extension instar_strides {
    /// The same pairs with source and target exchanged.
    var reversed: instar_strides {
        instar_strides(
            source_start: target_start, target_start: source_start, rank: rank, extents: extents, source: target,
            target: source)
    }

    /// Adds an axis inside those there are.
    mutating func append(_ extent: Int, source: Int, target: Int) {
        instar_strides_append(&self, extent, source, target)
    }
}

extension Frame {
    /// Whether output `index` is held as `Scalar`, else as Int64.
    func isFloatOutput(_ index: Int) -> Bool { operands[numbers[inputCount + index]].floats != nil }
}

extension UnsafeBufferPointer where Element == Int {
    /// The product of the extents of some neighbouring axes.
    func product(_ axes: Range<Int>) -> Int {
        var product = 1
        for axis in axes { product *= self[axis] }
        return product
    }

    /// The distance between neighbours along `axis`, in elements.
    func stride(of axis: Int) -> Int { product(axis + 1..<count) }
}
