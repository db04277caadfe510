import Runs
import Tensors

/// The checkpoints of a series that `--steps` and `--every` choose, as ascending indices into it.
func selectCheckpoints(of series: CheckpointSeries, steps: [Int]?, every: Int?) throws(Failure) -> [Int] {
    let all = series.references.map(\.step)
    if let steps {
        let missing = steps.filter { !all.contains($0) }
        guard missing.isEmpty else {
            throw Failure(
                .usage,
                "--steps: the series has no checkpoint at \(missing.map(String.init).list); "
                    + "it has \(all.count) from \(all.first ?? 0) to \(all.last ?? 0). `instar inspect --json` lists them"
            )
        }
        return all.indices.filter { steps.contains(all[$0]) }
    }
    guard let every else { return Array(all.indices) }
    guard every >= 1 else { throw Failure(.usage, "--every: expected at least 1, found \(every)") }
    return all.indices.filter { $0 % every == 0 || $0 == all.count - 1 }
}
