import Tensors

/// Finds the training step that a checkpoint belongs to.
///
/// The first that answers: an attribute, a dataset of one integer, the name; and only where none of these tells a
/// step, the same for an epoch. Two different answers of one kind are an error, never a choice.
enum CheckpointStep {
    /// Names of attributes and datasets that tell a step, or, the last, an epoch.
    static let markerNames = ["step", "global_step", "iteration", "iter", "epoch"]

    /// A step or an epoch.
    struct Found: Equatable {
        let axis: CheckpointSeries.Axis
        let value: Int
    }

    /// The step of a file or group; nil if nothing tells.
    ///
    /// - Parameters:
    ///   - name: The file's name, or the group's.
    ///   - path: The file, for messages.
    ///   - isStrict: Whether an attribute that should tell a step and does not is an error where nothing but the name tells
    ///     one.
    /// - Throws: `mismatch` for several candidates; `malformed` for a negative step, and for an attribute as above. An epoch
    ///   may be a fraction, and is then passed over.
    static func find(
        _ markers: StepMarkers, name: String, path: String, isStrict: Bool = false
    ) throws(RunError) -> Found? {
        for axis in [CheckpointSeries.Axis.step, .epoch] {
            let isWanted: (String) -> Bool = { ($0 == "epoch") == (axis == .epoch) }
            let sources: [(what: String, candidates: () -> [Int])] = [
                ("its attributes", { markers.attributes.filter { isWanted($0.key) }.map(\.value) }),
                ("its datasets", { markers.datasets.filter { isWanted($0.key) }.map(\.value) }),
                ("its name \(name)", { axis == .step ? stepsInName(name) : epochsInName(name) }),
            ]
            for (place, source) in sources.enumerated() {
                let candidates = Set(source.candidates()).sorted()
                guard let value = candidates.first else {
                    guard isStrict, place == 1, axis == .step,
                        let (name, words) = markers.unreadable.filter({ isWanted($0.key) }).min(by: { $0.key < $1.key })
                    else { continue }
                    throw RunError(
                        .malformed,
                        "its attribute `\(name)` is \(words); expected a whole number: correct it, or state the step under "
                            + "`steps:` in run.yaml", path: path)
                }
                guard candidates.count == 1 else {
                    throw RunError(
                        .mismatch,
                        "several candidates for the \(axis.rawValue) stand in \(source.what): "
                            + "\(candidates.map(String.init).list); say which under `steps:` in run.yaml, or leave one there",
                        path: path)
                }
                guard TrainingStep.isPossible(value) else {
                    throw RunError(
                        .malformed,
                        "its \(axis.rawValue) is \(value); expected 0 to 10¹⁴: correct it, or state it under `steps:` in run.yaml",
                        path: path)
                }
                return Found(axis: axis, value: value)
            }
        }
        return nil
    }

    /// The name without endings such as `.h5`, `.weights.h5` and `.safetensors.index.json`, in lower case.
    static func stem(_ name: String) -> String {
        var stem = name.lowercased()
        for ending in [".index.json", ".json", ".safetensors", ".h5", ".hdf5", ".hdf", ".weights"]
        where stem.hasSuffix(ending) {
            stem.removeLast(ending.count)
        }
        return stem
    }

    /// The numbers that a name gives for a step: `step=100`, `ckpt_0100`, else `100step`, else the name is the number.
    static func stepsInName(_ name: String) -> [Int] {
        let stem = stem(name)
        for pattern in [Patterns.markedStep, Patterns.numberBeforeStep, Patterns.bareNumber] {
            let found = stem.matches(of: pattern)
            if !found.isEmpty { return found.compactMap { Int($0.1) } }
        }
        return []
    }

    /// All numbers in a name, as they are written, each once.
    static func numbersInName(_ name: String) -> [String] {
        var numbers: [String] = []
        for number in stem(name).matches(of: Patterns.number).map({ String($0.0) }) where !numbers.contains(number) {
            numbers.append(number)
        }
        return numbers
    }

    /// The numbers that a name gives for an epoch: `epoch=5`, `ep5`.
    static func epochsInName(_ name: String) -> [Int] {
        stem(name).matches(of: Patterns.markedEpoch).compactMap { Int($0.1) }
    }

    /// Compiled once: a literal within a function is compiled at every call, which takes longer than a match.
    ///
    /// No number with a fraction, an exponent, groups of digits or a unit, as 1.5, 1e3, 1_000 and 10k: `loss` and the like, or
    /// a form that digits alone misread.
    private enum Patterns {
        // Regexes do not change, though they are not declared `Sendable`.
        nonisolated(unsafe) static let markedStep =
            /(?:^|[^a-z])(?:global_?step|steps?|iter(?:ation)?|it|ba|checkpoint|ckpt|cpt)[-_=]?(\d+)(?!\d|[.,_]\d|e[-+]?\d|[kmbg](?![a-z])|x\d)/
        nonisolated(unsafe) static let numberBeforeStep = /(?:^|[^\d.])(\d+)step/
        nonisolated(unsafe) static let bareNumber = /^(\d+)$/
        nonisolated(unsafe) static let markedEpoch =
            /(?:^|[^a-z])ep(?:och)?[-_=]?(\d+)(?!\d|[.,_]\d|e[-+]?\d|[kmbg](?![a-z])|x\d)/
        nonisolated(unsafe) static let number = /\d+(?:\.\d+)?/
    }
}
