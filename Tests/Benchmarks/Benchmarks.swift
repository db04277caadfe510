import ArgumentParser

/// Measures the engine on the workload files: whether it computes what they say, how fast, and how that scales.
@main
struct Benchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmarks",
        abstract: "Measures the engine on the workloads that the peers are measured on.",
        subcommands: [
            Speed.self, Scaling.self, Precision.self, Restriction.self, Variance.self, Reading.self, Series.self,
        ],
        defaultSubcommand: Speed.self)
}
