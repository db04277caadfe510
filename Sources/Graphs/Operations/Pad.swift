import CKernels
import Tensors

/// `Pad` (opset 13; `axes` from 18) in constant mode: a margin of one value; a negative pad crops.
struct Pad: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = []
    private let begins: [Int]
    private let value: Double

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("mode")
        let x = try context.input(0)
        let mode = try context.string("mode") ?? "constant"
        guard mode == "constant" else {
            throw context.error(.unsupported, "mode \(mode) is not implemented; constant is")
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
        value = context.optionalInput(2) == nil ? 0 : try context.knownNumber(2)
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
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        Movement.fill(frame, with: value)
        Movement.copy(frame, strides(frame))
    }

    func backward<Scalar: Real>(_ frame: Frame<Scalar>) { Movement.addGradient(frame, strides(frame)) }

    /// The part of the input that the output shows.
    private func strides<Scalar: Real>(_ frame: Frame<Scalar>) -> instar_strides {
        let (x, y) = (frame.inputShape(0), frame.outputShape(0))
        var strides = instar_strides()
        for axis in 0..<y.count {
            let first = max(0, -begins[axis])
            let last = min(x[axis], y[axis] - begins[axis])
            strides.source_start += first * x.stride(of: axis)
            strides.target_start += (first + begins[axis]) * y.stride(of: axis)
            strides.append(max(0, last - first), source: x.stride(of: axis), target: y.stride(of: axis))
        }
        return strides
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
