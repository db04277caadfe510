import Development
import HDF5
import Sampling
import Tensors

/// What the chains at one checkpoint observed beside λ̂, all chains that completed taken together; nil where nothing was
/// asked for. Chains are read one after the other, so that no more than one is in memory beside the sum.
func observations<Scalar: Real>(
    _ type: Scalar.Type, of traces: [ChainTrace], sampling: SamplingSettings, exampleCount: Int,
    path: (Int) -> String
) throws -> PosteriorObservations? {
    guard sampling.observations.interval > 0 else { return nil }
    var moments: [ExampleLossMoments] = []
    var covariance: CovarianceSketch<Scalar>?
    var losses: [[Double]] = []
    for trace in traces where trace.outcome == .completed {
        let stored = try readingUnit(path(trace.chain)) { () throws(HDF5Error) in
            try Chain<Scalar>.read(path(trace.chain))
        }
        guard let chain = stored?.value, let observed = chain.observations else { continue }
        guard chain.trace.drawCount == trace.drawCount else {
            throw Failure(
                .mismatch,
                "\(path(trace.chain)): what was observed there is of \(chain.trace.drawCount) draws, and "
                    + "\(trace.drawCount) are asked for. Chains that observe can be lengthened and not shortened: ask for as "
                    + "many draws as before, or state another --output")
        }
        if let values = observed.moments { moments.append(values) }
        if let known = covariance, let sketch = observed.covariance, !known.isLike(sketch) {
            throw Failure(
                .malformed,
                "\(path(trace.chain)): holds a covariance of another size than the chains before it. Remove it and run "
                    + "again: it is then measured anew")
        }
        if let sketch = observed.covariance { covariance = try covariance?.merging(sketch) ?? sketch }
        let skipped = placesBefore(sampling.burnInCount, every: sampling.observations.interval)
        losses.append(trace.fullLossDifferences.dropFirst(skipped).map { $0 + (trace.centerLoss ?? .nan) })
    }
    let spectrum = try covariance?.spectrum(count: sampling.observations.covarianceRank)
    return PosteriorObservations(
        wbic: WBIC(losses: losses, exampleCount: exampleCount, nBeta: sampling.nBeta),
        singularFluctuation: SingularFluctuation(chains: moments, nBeta: sampling.nBeta),
        covarianceEigenvalues: spectrum?.values ?? [], covarianceErrorBound: spectrum?.errorBound,
        totalVariance: spectrum?.totalVariance)
}
