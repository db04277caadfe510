import CKernels
import Tensors

/// `Pad` (opset 13; `axes` from 18, mode `wrap` from 19): a margin of one value, or of elements of the input: the nearest
/// (`edge`), those mirrored at the first and last one (`reflect`), or the input repeated (`wrap`). A negative pad crops.
struct Pad: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = []
    /// How often a mode other than `constant` may repeat the input along an axis; exporters come to three.
    private static let repetitions = 4096
    private let begins: [Int]
    private let value: Double
    /// For each axis, where its elements come from; nil in constant mode.
    private let runs: [[Run]]?

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("mode")
        let x = try context.input(0)
        let mode = try context.string("mode") ?? "constant"
        guard ["constant", "edge", "reflect", "wrap"].contains(mode) else {
            throw context.error(.malformed, "mode is \(mode); constant, edge, reflect or wrap is expected")
        }
        let pads = try context.knownIntegers(1)
        let axes =
            context.optionalInput(3) == nil
            ? Array(x.shape.indices)
            : try context.knownIntegers(3).map { axis throws(GraphError) in try context.axis(axis, rank: x.shape.count)
            }
        guard pads.count == 2 * axes.count, Set(axes).count == axes.count else {
            throw context.error(.malformed, "\(pads.count) pads for axes \(axes); two for each are expected")
        }
        guard pads.allSatisfy({ Int32(exactly: $0) != nil }) else {
            throw context.error(.unsupported, "pads \(pads) are too large")
        }
        if let constant = context.optionalInput(2), constant.isFloat != x.isFloat {
            throw context.error(.mismatch, "an input of type \(x.elementType) is padded with \(constant.elementType)")
        }
        value = context.optionalInput(2) == nil || mode != "constant" ? 0 : try context.knownNumber(2)
        var (shape, begins) = (x.shape, [Int](repeating: 0, count: x.shape.count))
        for (index, axis) in axes.enumerated() {
            begins[axis] = pads[index]
            guard let extent = shape[axis].plus(Dimension(pads[index] + pads[axes.count + index])),
                extent.constant >= 0
            else { throw context.error(.malformed, "pads \(pads) remove more than the shape \(x.shape) has") }
            shape[axis] = extent
        }
        self.begins = begins
        outputs = [ValueDescription(x.elementType, shape)]
        runs =
            mode == "constant"
            ? nil
            : try x.shape.indices.map { axis throws(GraphError) in
                guard shape[axis] != x.shape[axis] || begins[axis] != 0 else { return [] }
                guard let extent = x.shape[axis].fixed, let count = shape[axis].fixed, extent > 0 || count == 0 else {
                    throw context.error(
                        .unsupported, "mode \(mode) along axis \(axis) of \(x.shape), which is empty or the batch")
                }
                // Every repetition is a run or two.
                guard count <= KernelLimits.elementCount, count / max(1, extent) <= Self.repetitions else {
                    throw context.error(
                        .unsupported,
                        "mode \(mode) makes \(count) elements of \(extent) along axis \(axis); at most "
                            + "\(Self.repetitions) repetitions are implemented")
                }
                return Run.cover(count: count, begin: begins[axis], extent: extent, mode: mode)
            }
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        if runs == nil { Movement.fill(frame, with: value) }
        forEachPart(frame) { Movement.copy(frame, $0) }
    }

    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        forEachPart(frame) { Movement.addGradient(frame, $0) }
    }

    /// Calls `body` for each block of the output that is a strided part of the input: all combinations of the axes' runs.
    private func forEachPart<Scalar: Real>(_ frame: Frame<Scalar>, _ body: (instar_strides) -> Void) {
        let (x, y) = (frame.inputShape(0), frame.outputShape(0))
        let axes = x.indices.map { axis in
            guard let runs = runs?[axis], !runs.isEmpty else {
                return [Run.inside(count: y[axis], begin: begins[axis], extent: x[axis])]
            }
            return runs
        }
        for combination in 0..<axes.reduce(1, { $0 * $1.count }) {
            var (rest, strides) = (combination, instar_strides())
            for axis in 0..<y.count {
                let run = axes[axis][rest % axes[axis].count]
                rest /= axes[axis].count
                strides.source_start += run.source * x.stride(of: axis)
                strides.target_start += run.target * y.stride(of: axis)
                strides.append(run.count, source: run.step * x.stride(of: axis), target: y.stride(of: axis))
            }
            body(strides)
        }
    }

    /// Neighbours of the output along one axis that are equally spaced neighbours of the input.
    private struct Run {
        var source: Int
        let target: Int
        var count: Int
        var step: Int

        /// The part of the input that the output shows.
        static func inside(count: Int, begin: Int, extent: Int) -> Run {
            let first = max(0, -begin)
            let last = min(extent, count - begin)
            return Run(source: first, target: first + begin, count: max(0, last - first), step: 1)
        }

        /// All of the output's elements, those outside the input by the rule of `mode`.
        static func cover(count: Int, begin: Int, extent: Int, mode: String) -> [Run] {
            var runs: [Run] = []
            for target in 0..<count {
                let source = source(target - begin, extent: extent, mode: mode)
                if let last = runs.last {
                    let step = source - (last.source + (last.count - 1) * last.step)
                    if last.count == 1 || step == last.step {
                        runs[runs.count - 1].step = step
                        runs[runs.count - 1].count += 1
                        continue
                    }
                }
                runs.append(Run(source: source, target: target, count: 1, step: 1))
            }
            return runs
        }

        private static func source(_ position: Int, extent: Int, mode: String) -> Int {
            func wrapped(_ period: Int) -> Int { (position % period + period) % period }
            switch mode {
            case "edge": return min(max(position, 0), extent - 1)
            case "wrap": return wrapped(extent)
            default:
                let period = max(1, 2 * (extent - 1))
                return min(wrapped(period), period - wrapped(period))
            }
        }
    }
}

extension NodeContext {
    /// The one number that input `index` holds; an error where it depends on parameters, data or the batch.
    func knownNumber(_ index: Int) throws(GraphError) -> Double {
        if case .constant(let tensor) = try input(index).contents, let number = tensor.number { return number }
        throw error(.unsupported, "input \(index) (\(node.inputs[index])) must be one number that is known beforehand")
    }
}

extension Tensor {
    /// The only element; nil where there is none, or several, or a whole number that Double would round.
    var number: Double? {
        guard count == 1 else { return nil }
        guard let integer = integers?[0] else { return values(as: Double.self)[0] }
        return Int64(exactly: Double(integer)) == integer ? Double(integer) : nil
    }
}
