import CKernels
import Tensors

/// The C kernels behind one generic face. `Real` has two conforming types, Float and Double.
enum Kernels {
    /// Writes the standard normals of consecutive columns of a row.
    static func normals<Scalar: Real>(
        _ stream: instar_stream, row: UInt32, first: Int, into buffer: UnsafeMutableBufferPointer<Scalar>
    ) {
        guard let base = buffer.baseAddress else { return }
        let raw = UnsafeMutableRawPointer(base)
        if Scalar.self == Float.self {
            instar_normals_f32(stream, row, first, buffer.count, raw.assumingMemoryBound(to: Float.self))
        } else {
            instar_normals_f64(stream, row, first, buffer.count, raw.assumingMemoryBound(to: Double.self))
        }
    }

    /// One fused SGLD update over a range of coordinates; adds to `sums`.
    static func sgldStep<Scalar: Real>(
        _ stream: instar_stream, row: UInt32, range: Range<Int>, position: UnsafeMutableBufferPointer<Scalar>,
        gradient: UnsafeBufferPointer<Scalar>, posterior: LocalPosterior<Scalar>,
        center: UnsafeBufferPointer<Scalar>, stepSize: Double, sums: inout instar_step_sums
    ) {
        guard let position = UnsafeMutableRawPointer(position.baseAddress),
            let gradient = UnsafeRawPointer(gradient.baseAddress), let center = UnsafeRawPointer(center.baseAddress)
        else { return }
        if Scalar.self == Float.self {
            instar_sgld_step_f32(
                stream, row, range.lowerBound, range.count, position.assumingMemoryBound(to: Float.self),
                gradient.assumingMemoryBound(to: Float.self), center.assumingMemoryBound(to: Float.self),
                posterior.nBeta, posterior.localization, stepSize, &sums)
        } else {
            instar_sgld_step_f64(
                stream, row, range.lowerBound, range.count, position.assumingMemoryBound(to: Double.self),
                gradient.assumingMemoryBound(to: Double.self), center.assumingMemoryBound(to: Double.self),
                posterior.nBeta, posterior.localization, stepSize, &sums)
        }
    }
}
