import Development
import Runs
import Sampling
import Tensors

/// What a series of λ̂ is of: all that is sampled, or a restriction of it.
struct SamplingTarget: Sendable {
    /// nil for the whole.
    let restriction: Restriction?
    /// The run's model; for a restriction, with its parameters and examples alone.
    let model: LoadedModel

    /// Names the target in keys and files; nil for the whole. Equal restrictions have equal keys, whatever they are called.
    var key: String? {
        guard let restriction else { return nil }
        var digest = Digest()
        for pattern in restriction.parameters { digest.update(pattern) }
        let indices = restriction.examples == nil ? [] : model.trainingIndices
        digest.update("examples", Tensor(indices.map { Int64($0) }, shape: [indices.count]))
        return String(digest.hex.prefix(12))
    }
}

/// The whole, then each restriction.
///
/// - Throws: `Failure` for a restriction that names nothing, or whose examples are too few or too many for the settings.
func samplingTargets(
    _ model: LoadedModel, _ restrictions: [Restriction], settings: SamplingSettings?
) throws -> [SamplingTarget] {
    var targets = [SamplingTarget(restriction: nil, model: model)]
    for restriction in restrictions {
        let restricted = try model.restricted(to: restriction)
        do {
            try settings?.validate(exampleCount: restricted.trainingIndices.count)
        } catch {
            throw Failure(.mismatch, "restriction '\(restriction.name)': \(error)")
        }
        targets.append(SamplingTarget(restriction: restriction, model: restricted))
    }
    return targets
}

/// The restrictions of a store with those that are asked for now: one of the same name must be the same.
func merged(_ stored: [Restriction], _ wanted: [Restriction], isMeasured: Bool) throws(Failure) -> [Restriction] {
    guard isMeasured || wanted.isEmpty else {
        throw Failure(
            .notFound,
            "--parameters and --examples restrict λ̂, which takes a model and examples; the run lacks one "
                + "of them: add model.onnx and data.h5, or leave the options out")
    }
    var restrictions = stored
    for restriction in wanted {
        if let other = restrictions.first(where: { $0.name == restriction.name }) {
            guard other == restriction else {
                throw Failure(
                    .mismatch,
                    "restriction '\(restriction.name)' was measured before as \(other.definition), now it is "
                        + "\(restriction.definition). Give it another name, or state another --output")
            }
        } else {
            restrictions.append(restriction)
        }
    }
    return restrictions
}

extension Restriction {
    fileprivate var definition: String {
        "parameters [\(parameters.joined(separator: ", "))], examples \(examples ?? "of training")"
    }
}

extension SamplingSettings {
    /// How many draws, burn-in included, chains of `drawCount` need for the error that was asked for; nil when it is
    /// reached, cannot be, or nothing was asked for.
    ///
    /// The error falls with the root of the draws; a tenth is added, since it is itself an estimate, and no step more than
    /// quadruples what counts.
    func lengthened(_ drawCount: Int, estimate: LLCEstimate) -> Int? {
        guard let targetError, drawCount < burnInCount + drawLimit, estimate.divergedAtDraw.contains(nil) else {
            return nil
        }
        let counted = Double(drawCount - burnInCount)
        guard estimate.value != nil else { return nil }
        guard let error = estimate.standardError else { return min(burnInCount + drawLimit, drawCount + Int(counted)) }
        guard error > targetError else { return nil }
        let factor = min(4, 1.1 * (error / targetError) * (error / targetError))
        return min(burnInCount + drawLimit, burnInCount + Int((counted * factor).rounded(.up)))
    }
}
