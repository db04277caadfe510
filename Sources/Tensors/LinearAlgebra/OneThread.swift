import COpenBLAS

private let isSet: Bool = {
    openblas_set_num_threads(1)
    return true
}()

/// Gives BLAS one thread, once: parallelism belongs to chains and blocks, and determinism needs one order of summation.
///
/// Called before the first use of BLAS or LAPACK.
func blasUsesOneThread() { precondition(isSet) }

/// The name of the processor kind that BLAS chose its kernels for, e.g. "SkylakeX".
public func blasKernelName() -> String {
    blasUsesOneThread()
    return openblas_get_corename().map { String(cString: $0) } ?? "unknown"
}
