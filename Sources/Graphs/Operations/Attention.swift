import CKernels
import Tensors

/// `Attention` (opset 23): softmax(mask(cap(scale·Q·Kᵀ)))·V for every head, with grouped heads of keys and values
/// (Ainslie et al. 2023, arXiv:2305.13245), a mask, causal masking, and keys and values from a cache in front.
///
/// A row that is masked throughout is 0, as in PyTorch. `softmax_precision` is the type that an engine with several
/// precisions at once would compute in; here all is computed in one, and half precision is refused.
struct Attention: Operation {
    static let foldingLimit = 0

    static var opsets: ClosedRange<Int> { 23...25 }

    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    let savedCount: Dimension
    let scratchCount: Dimension
    private let shapes: AttentionShapes
    private let scale: Double
    private let cap: Double
    private let isCausal: Bool
    private let stage: AttentionStage
    private let hasCache: Bool

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow(
            "is_causal", "kv_num_heads", "q_num_heads", "qk_matmul_output_mode", "scale", "softcap",
            "softmax_precision")
        // TensorProto.DataType: FLOAT is 1, DOUBLE 11.
        if let precision = try context.integer("softmax_precision"), ![1, 11].contains(precision) {
            throw context.error(
                .unsupported, "softmax_precision is the type \(precision); float (1) and double (11) are implemented")
        }
        shapes = try AttentionShapes(context)
        hasCache = context.optionalInput(4) != nil
        scale = try context.float("scale") ?? 1 / Double(shapes.size).squareRoot()
        cap = try context.float("softcap") ?? 0
        isCausal = try context.integer("is_causal") ?? 0 != 0
        let mode = try context.integer("qk_matmul_output_mode") ?? 0
        guard cap >= 0, let stage = AttentionStage(rawValue: mode) else {
            throw context.error(
                .malformed, "softcap is \(cap) and qk_matmul_output_mode \(mode); from 0 on and 0 to 3 are expected")
        }
        self.stage = stage
        try Self.checkMask(context, shapes)
        guard context.node.outputs.first?.isEmpty == false else {
            throw context.error(.malformed, "output 0 is required and absent")
        }
        let type = try context.input(0).elementType
        let all = [shapes.output] + shapes.present + [shapes.scores]
        for shape in all { try KernelLimits.check(shape, location: context.location) }
        outputs = all.prefix(max(1, context.node.outputs.count)).map { ValueDescription(type, $0) }
        guard let scores = shapes.scores.product, let saved = scores.times(Dimension(cap > 0 ? 2 : 1)),
            let keys = shapes.present[0].product, let values = shapes.present[1].product,
            let room = keys.plus(values)?.times(Dimension(hasCache ? 2 : 0))?.plus(
                Dimension(shapes.rows * shapes.columns))
        else { throw context.error(.unsupported, "scores of shape \(shapes.scores) are too large") }
        (savedCount, scratchCount) = (saved, room)
    }

    /// The mask broadcasts to the scores; its last axis may be shorter. `nonpad_kv_seqlen` has one length per example.
    private static func checkMask(_ context: NodeContext, _ shapes: AttentionShapes) throws(GraphError) {
        if let mask = context.optionalInput(3) {
            guard mask.isFloat || mask.elementType == .bool, let width = mask.shape.last?.fixed,
                width <= shapes.columns,
                try context.broadcast(Array(mask.shape.dropLast()), Array(shapes.scores.dropLast()))
                    == Array(shapes.scores.dropLast())
            else {
                throw context.error(
                    .mismatch, "a mask \(mask.elementType) \(mask.shape) does not broadcast to \(shapes.scores)")
            }
            guard width > 1 || shapes.columns == width else {
                throw context.error(
                    .unsupported,
                    "a mask of shape \(mask.shape) for \(shapes.columns) keys can mean to repeat its column or to mask "
                        + "the others; expand it before the operator")
            }
        }
        guard let lengths = context.optionalInput(6) else { return }
        guard context.opset >= 24, !lengths.isFloat, lengths.shape == [shapes.batch], context.optionalInput(4) == nil
        else {
            throw context.error(
                .mismatch,
                "nonpad_kv_seqlen, \(lengths.elementType) \(lengths.shape), needs opset 24, one integer per example, "
                    + "and no past keys")
        }
        guard try context.integer("is_causal") ?? 0 == 0 else {
            throw context.error(
                .unsupported,
                "is_causal with nonpad_kv_seqlen: the standard aligns the first query with the first key, ONNX Runtime "
                    + "the last query with the last key; give the mask instead")
        }
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        if hasCache { joinCache(frame) }
        let batch = frame.inputShape(0)[0]
        for (index, size) in [shapes.size, shapes.valueSize].enumerated() where frame.hasOutput(index + 1) {
            if hasCache {
                frame.output(index + 1).update(
                    from: cache(frame, index), count: frame.outputShape(index + 1).elementCount)
            } else {
                Movement.copy(frame, shapes.newStrides(batch: batch, size: size), from: index + 1, to: index + 1)
            }
        }
        let layout = shapes.queryLayout(size: shapes.valueSize)
        forEachHead(frame) { place, head, saved in
            head.forward(
                output: .init(start: frame.output(0) + layout.offset(place.batch, place.head), stride: layout.row),
                probabilities: saved.probabilities, capped: saved.capped,
                scores: frame.hasOutput(3) ? (stage, frame.output(3) + place.scores) : nil)
        }
    }

    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        if hasCache { joinCache(frame) }
        let batch = frame.inputShape(0)[0]
        let gradients = (0..<2).map { cacheGradient(frame, $0) }
        let (layout, queries) = (shapes.queryLayout(size: shapes.valueSize), shapes.queryLayout(size: shapes.size))
        let (keys, values) = (layoutOfKeys(shapes.size), layoutOfKeys(shapes.valueSize))
        let bias = frame.hasInput(3) && frame.isFloatInput(3) ? frame.inputGradient(3) : nil
        let scores = frame.hasOutput(3) ? frame.outputGradient(3) : nil
        let room = frame.scratch + (hasCache ? 2 * cacheCount(batch) : 0)
        forEachHead(frame) { place, head, saved in
            head.backward(
                output: frame.outputGradient(0).map {
                    .init(start: $0 + layout.offset(place.batch, place.head), stride: layout.row)
                },
                scores: scores.map { (stage, $0 + place.scores) },
                probabilities: saved.probabilities, capped: saved.capped,
                into: .init(
                    queries: frame.inputGradient(0).map { $0 + queries.offset(place.batch, place.head) },
                    keys: gradients[0].map { $0 + keys.offset(place.batch, place.keyHead) },
                    values: gradients[1].map { $0 + values.offset(place.batch, place.keyHead) },
                    bias: bias.map { $0 + maskStrides(frame).offset(place.batch, place.head) }), room: room)
        }
        for (index, size) in [shapes.size, shapes.valueSize].enumerated() {
            var (new, past) = (
                shapes.newStrides(batch: batch, size: size).reversed,
                shapes.pastStrides(batch: batch, size: size).reversed
            )
            let present = frame.hasOutput(index + 1) ? frame.outputGradient(index + 1) : nil
            for source in [present, hasCache ? gradients[index].map { UnsafePointer($0) } : nil].compactMap({ $0 }) {
                if let target = frame.inputGradient(index + 1) {
                    instar_accumulate(Scalar.kernelType, &new, 1, source, target)
                }
                if hasCache, let target = frame.inputGradient(index + 4) {
                    instar_accumulate(Scalar.kernelType, &past, 1, source, target)
                }
            }
        }
    }

    /// One head of one example.
    private struct Place {
        let batch: Int
        let head: Int
        let keyHead: Int
        /// Where its scores begin among all.
        let scores: Int
    }

    /// What `forward` keeps of a head.
    private struct Saved<Scalar: Real> {
        let probabilities: UnsafeMutablePointer<Scalar>
        let capped: UnsafeMutablePointer<Scalar>
    }

    private func forEachHead<Scalar: Real>(
        _ frame: Frame<Scalar>, _ body: (Place, AttentionHead<Scalar>, Saved<Scalar>) -> Void
    ) {
        let batchCount = frame.inputShape(0)[0]
        let (queries, keys) = (shapes.queryLayout(size: shapes.size), layoutOfKeys(shapes.size))
        let values = layoutOfKeys(shapes.valueSize)
        let (keyStart, valueStart) =
            hasCache ? (cache(frame, 0), cache(frame, 1)) : (frame.input(1), frame.input(2))
        let count = shapes.rows * shapes.columns
        let capped = frame.saved + (cap > 0 ? batchCount * shapes.queryHeads * count : 0)
        for batch in 0..<batchCount {
            for head in 0..<shapes.queryHeads {
                let keyHead = head / (shapes.queryHeads / shapes.keyHeads)
                let scores = (batch * shapes.queryHeads + head) * count
                body(
                    Place(batch: batch, head: head, keyHead: keyHead, scores: scores),
                    AttentionHead(
                        queries: .init(start: frame.input(0) + queries.offset(batch, head), stride: queries.row),
                        keys: .init(start: keyStart + keys.offset(batch, keyHead), stride: keys.row),
                        values: .init(start: valueStart + values.offset(batch, keyHead), stride: values.row),
                        size: shapes.size, valueSize: shapes.valueSize, scale: scale, cap: cap,
                        mask: mask(frame, batch, head)),
                    Saved(probabilities: frame.saved + scores, capped: capped + scores))
            }
        }
    }
}

/// The keys and values that the heads read, and the mask.
extension Attention {
    /// Where the heads of the keys (`size`) or of the values (`valueSize`) lie that the products read.
    private func layoutOfKeys(_ size: Int) -> HeadLayout {
        hasCache ? shapes.presentLayout(size: size) : shapes.keyLayout(size: size)
    }

    /// The number of keys' and values' elements, the cache included.
    private func cacheCount(_ batch: Int) -> Int {
        batch * shapes.keyHeads * shapes.columns * (shapes.size + shapes.valueSize)
    }

    /// Where the keys (0) or the values (1) lie that are joined with the cache, in scratch.
    private func cache<Scalar: Real>(_ frame: Frame<Scalar>, _ index: Int) -> UnsafePointer<Scalar> {
        UnsafePointer(
            frame.scratch + index * frame.inputShape(0)[0] * shapes.keyHeads * shapes.columns * shapes.size)
    }

    private func joinCache<Scalar: Real>(_ frame: Frame<Scalar>) {
        let batch = frame.inputShape(0)[0]
        for (index, size) in [shapes.size, shapes.valueSize].enumerated() {
            let target = UnsafeMutablePointer(mutating: cache(frame, index))
            var (past, new) = (
                shapes.pastStrides(batch: batch, size: size), shapes.newStrides(batch: batch, size: size)
            )
            instar_copy(Scalar.kernelType, &past, frame.input(index + 4), target)
            instar_copy(Scalar.kernelType, &new, frame.input(index + 1), target)
        }
    }

    /// Where the gradient of the keys (0) or of the values (1) is accumulated: behind the cache in scratch, or in the
    /// input's own.
    private func cacheGradient<Scalar: Real>(_ frame: Frame<Scalar>, _ index: Int) -> UnsafeMutablePointer<Scalar>? {
        guard hasCache else { return frame.inputGradient(index + 1) }
        guard frame.inputGradient(index + 1) != nil || frame.inputGradient(index + 4) != nil else { return nil }
        let batch = frame.inputShape(0)[0]
        let target = UnsafeMutablePointer(mutating: cache(frame, index)) + cacheCount(batch)
        let count = batch * shapes.keyHeads * shapes.columns * (index == 0 ? shapes.size : shapes.valueSize)
        instar_zero(target, count * MemoryLayout<Scalar>.stride)
        return target
    }

    /// Distances in the mask from one example, head and row to the next; 0 where they share one.
    private func maskStrides<Scalar: Real>(_ frame: Frame<Scalar>) -> HeadLayout {
        let shape = frame.inputShape(3)
        func stride(fromEnd axis: Int) -> Int {
            let index = shape.count - axis
            return index < 0 || shape[index] == 1 ? 0 : shape.stride(of: index)
        }
        return HeadLayout(batch: stride(fromEnd: 4), head: stride(fromEnd: 3), row: stride(fromEnd: 2))
    }

    private func mask<Scalar: Real>(_ frame: Frame<Scalar>, _ batch: Int, _ head: Int) -> instar_attention_mask {
        var mask = instar_attention_mask()
        (mask.rows, mask.columns, mask.seen) = (shapes.rows, shapes.columns, shapes.columns)
        (mask.causal, mask.shift) = (isCausal ? 1 : 0, shapes.past)
        if frame.hasInput(6) { mask.seen = max(0, min(shapes.columns, Int(frame.integerInput(6)[batch]))) }
        guard frame.hasInput(3) else { return mask }
        let (strides, shape) = (maskStrides(frame), frame.inputShape(3))
        (mask.stride, mask.width) = (strides.row, shape[shape.count - 1])
        let offset = strides.offset(batch, head)
        if frame.isFloatInput(3) {
            mask.bias = UnsafeRawPointer(frame.input(3) + offset)
        } else {
            mask.allowed = frame.integerInput(3) + offset
        }
        return mask
    }
}
