import Tensors

/// `Range` (opset 11): start, start + delta, … up to, but without, limit.
///
/// The length must be known before evaluation; of whole numbers it may depend on the batch where delta is 1.
struct RangeOperation: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = []

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow()
        let type = try context.input(0)
        for index in 1..<3 where try context.input(index).isFloat != type.isFloat {
            throw context.typesDiffer(type, try context.input(index))
        }
        let length: Dimension
        if type.isFloat {
            let (start, limit) = (try context.knownNumber(0), try context.knownNumber(1))
            let count = ((limit - start) / (try context.knownNumber(2))).rounded(.up)
            guard count.isFinite, count < Double(Int32.max) else {
                throw context.error(
                    .malformed,
                    "start, limit and delta give \(count) numbers; delta must not be 0, and the numbers fewer than "
                        + "\(Int32.max)")
            }
            length = Dimension(Int(max(0, count)))
        } else {
            let bounds = try (0..<3).map { index throws(GraphError) in
                let numbers = try context.knownDimensions(index)
                guard numbers.count == 1 else { throw context.error(.malformed, "input \(index) is no single number") }
                return numbers[0]
            }
            guard let distance = bounds[1].minus(bounds[0]), distance.fixed != .min else {
                throw context.error(.malformed, "the distance from \(bounds[0]) to \(bounds[1]) overflows")
            }
            if let distance = distance.fixed, let delta = bounds[2].fixed, delta != 0 {
                let (quotient, remainder) = distance.quotientAndRemainder(dividingBy: delta)
                length = Dimension(max(0, quotient + (remainder != 0 && (remainder < 0) == (delta < 0) ? 1 : 0)))
            } else if bounds[2] == Dimension(1) {
                length = distance
            } else {
                throw context.error(
                    .unsupported, "from \(bounds[0]) to \(bounds[1]) in steps of \(bounds[2]): the length is not known")
            }
        }
        outputs = [ValueDescription(type.elementType, [length])]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let count = frame.outputShape(0).elementCount
        if frame.isFloatInput(0) {
            let (start, delta, y) = (frame.input(0).pointee, frame.input(2).pointee, frame.output(0))
            for index in 0..<count { y[index] = start + Scalar(index) * delta }
        } else {
            let (start, delta) = (frame.integerInput(0).pointee, frame.integerInput(2).pointee)
            let y = frame.integerOutput(0)
            for index in 0..<count { y[index] = start &+ Int64(index) &* delta }
        }
    }
}
