import Pipeline
import Sampling

extension MeasuringOptions {
    /// The options as they were stated, for another call of the program.
    var arguments: [String] {
        func option(_ name: String, _ value: (some CustomStringConvertible)?) -> [String] {
            value.map { ["--\(name)", $0.description] } ?? []
        }
        var arguments = option("output", output) + option("config", config)
        arguments += assignments.flatMap { ["--set", $0] }
        arguments += option("sampler", sampler?.rawValue) + option("chains", chains) + option("draws", draws)
        arguments += option("burn-in", burnIn) + option("steps-per-draw", stepsPerDraw) + option("batch", batch)
        arguments += option("minibatches", minibatches?.rawValue) + option("step-size", stepSize)
        arguments += (extrapolate ? ["--extrapolate"] : []) + option("n-beta", nBeta)
        arguments += option("localization", localization) + option("seed", seed)
        arguments += option("precision", precision?.rawValue) + option("target-error", targetError)
        arguments += option("max-draws", maxDraws) + option("observe-every", observeEvery)
        arguments += option("trace-examples", traceExamples) + option("covariance", covariance)
        if !parameters.isEmpty { arguments += ["--parameters"] + parameters }
        arguments += option("examples", examples)
        arguments += option("steps", steps.map { $0.steps.map(String.init).joined(separator: ",") })
        arguments += option("every", every) + option("jobs", jobs)
        arguments += option("memory", memory?.bytes)
        return arguments
    }
}
