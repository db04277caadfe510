import Foundation
import Sampling
import TestSupport
import Testing

/// λ̂ of a loss with a known learning coefficient, and what is known about the difference.
struct KnownTruth {
    let name: String
    /// λ and m of the loss as nβ → ∞.
    let llc: Double
    let multiplicity: Int
    /// λ̂ at this nβ and γ as ε → 0: from the Hessian's eigenvalues, by quadrature or both.
    let localised: Double
    let value: Double
    /// MCSE.
    let error: Double
    /// The mean of nβ(Lₙ(w) − Lₙ(w\*)), without the estimate's control variate, and its MCSE.
    let plainValue: Double
    let plainError: Double
    /// (ε/(4p))·(E|g|² − γd), what the finite step adds: exact for SGLD on a quadratic (p = 2), and for γ = 0 on a loss
    /// that is homogeneous of degree p about the center, by the stationary identity δ·g = p·nβ(L − L\*) + γ|δ|².
    let stepBias: Double

    /// Samples a loss from a center, all examples at every step, and prints one line of the table.
    ///
    /// - Parameters:
    ///   - copies: Equal and independent parts that the loss is the sum of; λ, λ̂ and all else are those of one.
    ///   - exampleCount: n, the number of examples that the loss is the mean over.
    ///   - degree: p of the step's bias.
    init(
        _ name: String, llc: Double, multiplicity: Int, localised: Double, copies: Int = 1, degree: Double = 2,
        loss: SampleLoss, center: [Double], exampleCount: Int, settings: SamplingSettings
    ) throws {
        let start = processorSeconds()
        let gradientNorm = ParameterSubset(all: center.count).norm(of: loss.gradient(at: center))
        let traces = try loss.traces(center: center, settings: settings)
        let estimate = loss.estimate(traces, settings: settings)
        let plain = try #require(traces.plainEstimate(nBeta: settings.nBeta))

        self.name = name
        self.llc = llc
        self.multiplicity = multiplicity
        self.localised = localised
        value = try #require(estimate.value) / Double(copies)
        error = try #require(estimate.standardError) / Double(copies)
        plainValue = plain.value / Double(copies)
        plainError = plain.error / Double(copies)
        stepBias = try #require(estimate.stepBias) * 2 / degree / Double(copies)
        let seconds = processorSeconds() - start
        let line =
            "truth | \(name) | λ \(text(llc)) (m \(multiplicity)) | λ̂ \(text(value)) ± \(text(error)) | "
            + "plain \(text(plainValue)) ± \(text(plainError)) | "
            + "ε bias \(text(stepBias)) | γ bias \(text(localised - llc)) | "
            + "|∇Lₙ| \(String(format: "%.0e", gradientNorm)) | n \(exampleCount) | nβ \(text(settings.nBeta)) | "
            + "γ \(text(settings.localization)) | R-hat \(text(estimate.rHat ?? .nan)) | "
            + "ESS \(text(estimate.bulkESS ?? .nan)) | \(String(format: "%.1f", seconds)) s"
        print(line)
        // Rounding: the gradient is a sum of terms of the size of a weight times a few dozen units in the last place.
        #expect(gradientNorm < 1e-11, "\(name) is no minimum of the sample's loss")
        #expect(estimate.chains.allSatisfy { $0.divergedAtDraw == nil })
    }

    /// λ̂ within 5 % of λ.
    var isNearTruth: Bool { Tolerance.relative(0.05).accepts(value, llc) }

    /// The plain mean within three standard errors of λ once the biases of ε and γ are taken off, and so the estimate;
    /// but where its control variate leaves hardly any variance, what remains is the bias' second order in ε, and the
    /// plain error counts.
    var agreesAfterBiases: Bool {
        let plain = Tolerance.statistical(standardErrors: 3, error: plainError)
        let adjusted = Tolerance.statistical(standardErrors: 3, error: max(error, plainError))
        return plain.accepts(plainValue - stepBias, localised) && adjusted.accepts(value - stepBias, localised)
    }
}

/// The time that this thread has spent on a processor.
private func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

private func text(_ value: Double) -> String { String(format: "%.4g", value) }
