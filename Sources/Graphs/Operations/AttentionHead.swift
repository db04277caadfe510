import CKernels
import Tensors

/// Scaled dot-product attention of one head: Y = softmax(mask(cap(scale·Q·Kᵀ)))·V, with Q `[rows, size]`,
/// K `[columns, size]`, V `[columns, valueSize]`.
///
/// Vaswani et al. 2017, arXiv:1706.03762, equation 1; the cap, c·tanh(x/c), is that of Gemma 2, arXiv:2408.00118, §2.
struct AttentionHead<Scalar: Real> {
    /// A matrix whose rows lie `stride` elements apart.
    struct Matrix<Pointer> {
        let start: Pointer
        let stride: Int
    }

    let queries: Matrix<UnsafePointer<Scalar>>
    let keys: Matrix<UnsafePointer<Scalar>>
    let values: Matrix<UnsafePointer<Scalar>>
    let size: Int
    let valueSize: Int
    let scale: Double
    /// 0 where scores are not capped.
    let cap: Double
    let mask: instar_attention_mask

    private var rows: Int { mask.rows }
    private var columns: Int { mask.columns }
    private var count: Int { rows * columns }

    /// Computes `output`, and leaves the softmax in `probabilities` and the capped scores, if there is a cap, in `capped`,
    /// both `[rows, columns]`; the scores of one stage go to `scores` where it is given.
    func forward(
        output: Matrix<UnsafeMutablePointer<Scalar>>, probabilities: UnsafeMutablePointer<Scalar>,
        capped: UnsafeMutablePointer<Scalar>, scores: (stage: AttentionStage, target: UnsafeMutablePointer<Scalar>)?
    ) {
        func give(_ stage: AttentionStage) {
            if let scores, scores.stage == stage { scores.target.update(from: probabilities, count: count) }
        }
        Scalar.multiply(
            MatrixOperand(queries.start, stride: queries.stride),
            MatrixOperand(keys.start, stride: keys.stride, isTransposed: true), rows: rows, columns: columns,
            inner: size, alpha: Scalar(scale), beta: 0, into: probabilities, stride: columns)
        give(.products)
        if cap > 0 {
            instar_attention_softcap(Scalar.kernelType, cap, probabilities, count)
            capped.update(from: probabilities, count: count)
        }
        give(.capped)
        var mask = mask
        instar_attention_mask_scores(Scalar.kernelType, &mask, probabilities)
        give(.masked)
        instar_attention_softmax(Scalar.kernelType, rows, columns, probabilities)
        give(.probabilities)
        Scalar.multiply(
            MatrixOperand(probabilities, stride: columns), MatrixOperand(values.start, stride: values.stride),
            rows: rows, columns: valueSize, inner: columns, alpha: 1, beta: 0, into: output.start,
            stride: output.stride)
    }

    /// Where the gradients of one head go; nil where one is not wanted.
    struct Gradients {
        let queries: UnsafeMutablePointer<Scalar>?
        let keys: UnsafeMutablePointer<Scalar>?
        let values: UnsafeMutablePointer<Scalar>?
        /// The gradient of the mask's bias.
        let bias: UnsafeMutablePointer<Scalar>?
    }

    /// With P the softmax: dV += Pᵀ·dY; dS = P∘(dY·Vᵀ − Σ P∘(dY·Vᵀ)); dbias += dS; dQ += scale·dS·K, dK += scale·dSᵀ·Q, dS
    /// first multiplied by the slope of the cap.
    ///
    /// - Parameters:
    ///   - output: The gradient of the output; nil where the loss does not depend on it.
    ///   - scores: The gradient of the scores that the node gives out.
    ///   - room: Room for `[rows, columns]`.
    func backward(
        output: Matrix<UnsafePointer<Scalar>>?, scores: (stage: AttentionStage, gradient: UnsafePointer<Scalar>)?,
        probabilities: UnsafePointer<Scalar>, capped: UnsafePointer<Scalar>, into gradients: Gradients,
        room: UnsafeMutablePointer<Scalar>
    ) {
        func take(_ stage: AttentionStage) {
            guard let scores, scores.stage == stage else { return }
            var all = instar_strides()
            all.append(count, source: 1, target: 1)
            instar_accumulate(Scalar.kernelType, &all, 1, scores.gradient, room)
        }
        if let output, let target = gradients.values {
            Scalar.multiply(
                MatrixOperand(probabilities, stride: columns, isTransposed: true),
                MatrixOperand(output.start, stride: output.stride), rows: columns, columns: valueSize, inner: rows,
                alpha: 1, beta: 1, into: target, stride: values.stride)
        }
        guard gradients.queries != nil || gradients.keys != nil || gradients.bias != nil else { return }
        if let output {
            Scalar.multiply(
                MatrixOperand(output.start, stride: output.stride),
                MatrixOperand(values.start, stride: values.stride, isTransposed: true), rows: rows, columns: columns,
                inner: valueSize, alpha: 1, beta: 0, into: room, stride: columns)
        } else {
            instar_zero(room, count * MemoryLayout<Scalar>.stride)
        }
        take(.probabilities)
        instar_attention_softmax_backward(Scalar.kernelType, rows, columns, probabilities, room)
        take(.masked)
        if let bias = gradients.bias {
            var strides = instar_strides()
            strides.append(rows, source: columns, target: mask.stride)
            strides.append(mask.width, source: 1, target: 1)
            instar_accumulate(Scalar.kernelType, &strides, 1, room, bias)
        }
        take(.capped)
        if cap > 0 { instar_attention_softcap_backward(Scalar.kernelType, cap, capped, room, count) }
        take(.products)
        if let target = gradients.queries {
            Scalar.multiply(
                MatrixOperand(room, stride: columns), MatrixOperand(keys.start, stride: keys.stride), rows: rows,
                columns: size, inner: columns, alpha: Scalar(scale), beta: 1, into: target, stride: queries.stride)
        }
        if let target = gradients.keys {
            Scalar.multiply(
                MatrixOperand(room, stride: columns, isTransposed: true),
                MatrixOperand(queries.start, stride: queries.stride), rows: columns, columns: size, inner: rows,
                alpha: Scalar(scale), beta: 1, into: target, stride: keys.stride)
        }
    }
}

/// Which scores a node gives out (`qk_matmul_output_mode`): the products, capped, masked, or after the softmax.
enum AttentionStage: Int { case products, capped, masked, probabilities }
