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

    /// One fused step of SGLD with the preconditioner 1/(√V + offset) over a range of coordinates, after
    /// V ← decay·V + (1 − decay)·gradient²; adds to `sums`.
    static func rmspropStep<Scalar: Real>(
        _ stream: instar_stream, row: UInt32, range: Range<Int>, position: UnsafeMutableBufferPointer<Scalar>,
        squaredGradients: UnsafeMutableBufferPointer<Scalar>, gradient: UnsafeBufferPointer<Scalar>,
        posterior: LocalPosterior<Scalar>, center: UnsafeBufferPointer<Scalar>, stepSize: Double, decay: Double,
        offset: Double, sums: inout instar_step_sums
    ) {
        guard let position = UnsafeMutableRawPointer(position.baseAddress),
            let squaredGradients = UnsafeMutableRawPointer(squaredGradients.baseAddress),
            let gradient = UnsafeRawPointer(gradient.baseAddress), let center = UnsafeRawPointer(center.baseAddress)
        else { return }
        if Scalar.self == Float.self {
            instar_rmsprop_step_f32(
                stream, row, range.lowerBound, range.count, position.assumingMemoryBound(to: Float.self),
                gradient.assumingMemoryBound(to: Float.self), center.assumingMemoryBound(to: Float.self),
                squaredGradients.assumingMemoryBound(to: Float.self), posterior.nBeta, posterior.localization,
                stepSize, decay, offset, &sums)
        } else {
            instar_rmsprop_step_f64(
                stream, row, range.lowerBound, range.count, position.assumingMemoryBound(to: Double.self),
                gradient.assumingMemoryBound(to: Double.self), center.assumingMemoryBound(to: Double.self),
                squaredGradients.assumingMemoryBound(to: Double.self), posterior.nBeta, posterior.localization,
                stepSize, decay, offset, &sums)
        }
    }

    /// momentum −= kick·(nβ·gradient + γδ), then position += time·momentum, over a range of coordinates; adds to
    /// `sums` and |momentum|² to `squaredMomentum`.
    static func kick<Scalar: Real>(
        range: Range<Int>, position: UnsafeMutableBufferPointer<Scalar>, momentum: UnsafeMutableBufferPointer<Scalar>,
        gradient: UnsafeBufferPointer<Scalar>, posterior: LocalPosterior<Scalar>, center: UnsafeBufferPointer<Scalar>,
        kick: Double, time: Double, sums: inout instar_step_sums, squaredMomentum: inout Double
    ) {
        guard let position = UnsafeMutableRawPointer(position.baseAddress),
            let momentum = UnsafeMutableRawPointer(momentum.baseAddress),
            let gradient = UnsafeRawPointer(gradient.baseAddress), let center = UnsafeRawPointer(center.baseAddress)
        else { return }
        if Scalar.self == Float.self {
            instar_kick_f32(
                range.lowerBound, range.count, position.assumingMemoryBound(to: Float.self),
                momentum.assumingMemoryBound(to: Float.self), gradient.assumingMemoryBound(to: Float.self),
                center.assumingMemoryBound(to: Float.self), posterior.nBeta, posterior.localization, kick, time, &sums,
                &squaredMomentum)
        } else {
            instar_kick_f64(
                range.lowerBound, range.count, position.assumingMemoryBound(to: Double.self),
                momentum.assumingMemoryBound(to: Double.self), gradient.assumingMemoryBound(to: Double.self),
                center.assumingMemoryBound(to: Double.self), posterior.nBeta, posterior.localization, kick, time,
                &sums, &squaredMomentum)
        }
    }

    /// momentum ← decay·momentum + noiseScale·ξ, then position += time·momentum, over a range of coordinates; adds
    /// |momentum|² to `squaredMomentum`.
    static func friction<Scalar: Real>(
        _ stream: instar_stream, row: UInt32, range: Range<Int>, position: UnsafeMutableBufferPointer<Scalar>,
        momentum: UnsafeMutableBufferPointer<Scalar>, decay: Double, noiseScale: Double, time: Double,
        squaredMomentum: inout Double
    ) {
        guard let position = UnsafeMutableRawPointer(position.baseAddress),
            let momentum = UnsafeMutableRawPointer(momentum.baseAddress)
        else { return }
        if Scalar.self == Float.self {
            instar_friction_f32(
                stream, row, range.lowerBound, range.count, position.assumingMemoryBound(to: Float.self),
                momentum.assumingMemoryBound(to: Float.self), decay, noiseScale, time, &squaredMomentum)
        } else {
            instar_friction_f64(
                stream, row, range.lowerBound, range.count, position.assumingMemoryBound(to: Double.self),
                momentum.assumingMemoryBound(to: Double.self), decay, noiseScale, time, &squaredMomentum)
        }
    }
}
