import ArgumentParser
import Graphs
import PrecisionComparison
import Sampling

/// How far λ̂ moves when everything is computed in Double.
struct Precision: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "λ̂ in Float against Double with the same random numbers.",
        discussion: """
            Chains are sampled as in a measurement, in Float, and again with parameters, gradients and updates in \
            Double, with the same minibatches and the same noise. The difference of the two λ̂ is compared with a \
            tenth of the standard error.
            """)

    @OptionGroup var files: WorkloadFiles

    @Option(help: "Chains in all.")
    var chains = 4

    @Option(help: "Threads that share them.")
    var threads = 2

    @Option(help: "Draws of a chain left out at its start.")
    var burnIn = 8

    @Option(help: "Draws of a chain after those.")
    var draws = 16

    func validate() throws {
        guard chains > 0, threads > 0, burnIn >= 0, draws >= 4 else {
            throw ValidationError("chains and threads are positive, and a standard error takes at least 4 draws")
        }
    }

    func run() async throws {
        for name in files.names {
            let workload = try Workload(name, in: files.folder)
            var settings = workload.settings(chainCount: chains)
            settings.burnInCount = burnIn
            settings.drawCount = draws
            let comparison = try await PrecisionComparison(
                single: workload.loss(), double: workload.loss(), posterior: workload.posterior(),
                settings: settings, threadCount: threads)
            print("\(name): \(comparison.description)")
            guard comparison.isWithinTenthOfError else {
                throw BenchmarkError("\(name): λ̂ moves by more than a tenth of its standard error")
            }
        }
    }
}
