import ArgumentParser
import Foundation
import Tensors

/// Shows that a workload is computed right, then how fast.
struct Speed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Gradient steps per second, share of the matrix-product peak, and peak memory.",
        discussion: """
            A workload is first compared with its reference values, in Float and in Double; a difference beyond what \
            rounding explains fails. Then chains are sampled as in a measurement.
            """)

    @OptionGroup var files: WorkloadFiles

    @Option(help: "Chains in all.")
    var chains = 4

    @Option(help: "Threads that share them.")
    var threads = 2

    @Option(help: "Seconds of all timed blocks of a workload, about.")
    var seconds = 8.0

    @Option(help: "Timed blocks of a workload.")
    var blocks = 5

    /// The half of the work that is wanted alone.
    enum Half: EnumerableFlag {
        case checkOnly, ratesOnly
    }

    @Flag(help: "Only compare with the reference values, or only measure rates.")
    var half: Half?

    @Flag(help: "Print one JSON object a line.")
    var json = false

    func validate() throws {
        guard chains > 0, threads > 0, blocks > 0, seconds > 0 else {
            throw ValidationError("chains, threads, blocks and seconds are positive")
        }
        let cores = ProcessInfo.processInfo.activeProcessorCount
        guard threads <= cores else {
            throw ValidationError("there are \(cores) cores for \(threads) threads")
        }
    }

    func run() async throws {
        for name in files.names {
            let workload = try Workload(name, in: files.folder)
            if half != .ratesOnly { try check(workload) }
            guard half != .checkOnly else { continue }
            PeakMemory.reset()
            let rate = try await StepRate(
                of: workload.loss(as: Float.self), posterior: workload.posterior(),
                settings: workload.settings(chainCount: chains), threadCount: threads, seconds: seconds,
                blockCount: blocks)
            let memory = PeakMemory.current
            let peak = try await MatrixProductPeak.measure(threadCount: threads)
            let result = SpeedResult(
                workload: name, chains: chains, threads: threads, rates: rate.rates, rate: rate.median,
                gflops: rate.median * workload.operationsPerStep / 1e9, peakGflops: peak / 1e9,
                coresUsed: rate.coresUsed, otherCores: rate.otherCores, peakMemoryGib: Double(memory) / 0x1p30,
                blasKernel: blasKernelName())
            print(json ? try result.json : result.description)
        }
    }

    /// Prints how far the workload is from its reference values in either precision, and throws where it is too far.
    private func check(_ workload: Workload) throws {
        // Double may differ by the rounding of the reference gradients and of the constants that the exporter stored in
        // single precision: 1e-6 is 16 of these. Float adds the rounding of sums of up to thousands of terms.
        let agreements = [
            ("Float", try Agreement(of: workload, as: Float.self), 1e-5),
            ("Double", try Agreement(of: workload, as: Double.self), 1e-6),
        ]
        for (precision, agreement, tolerance) in agreements {
            if !json { print("\(workload.name) in \(precision): \(agreement)") }
            guard agreement.isWithin(tolerance) else {
                throw BenchmarkError(
                    "\(workload.name) in \(precision) is not what the reference says: expected relative errors of at "
                        + "most \(tolerance), found: \(agreement)")
            }
        }
    }
}

/// What was measured of one workload.
struct SpeedResult: Codable, CustomStringConvertible {
    let workload: String
    let chains: Int
    let threads: Int
    /// Gradient steps per second of all chains together, block by block.
    let rates: [Double]
    /// Their median.
    let rate: Double
    let gflops: Double
    /// The rate of large matrix products on as many threads.
    let peakGflops: Double
    let coresUsed: Double
    /// Cores that everything else on the machine used.
    let otherCores: Double
    let peakMemoryGib: Double
    /// The kind of processor that matrix products are computed for.
    let blasKernel: String

    /// One line of JSON.
    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.keyEncodingStrategy = .convertToSnakeCase
            encoder.outputFormatting = .sortedKeys
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }

    var description: String {
        String(
            format: "%@: %.4g gradient steps/s (%.4g to %.4g), %.1f GFLOP/s, %.0f %% of a matrix-product peak of %.0f, "
                + "%.2f cores used, %.2f by others, peak memory %.3f GiB",
            workload, rate, rates.min() ?? 0, rates.max() ?? 0, gflops, 100 * gflops / peakGflops, peakGflops,
            coresUsed, otherCores, peakMemoryGib)
    }
}

/// The workloads that a command is for.
struct WorkloadFiles: ParsableArguments {
    @Argument(help: "Workloads, W1 to W5; all where none is named.")
    var names: [String] = Workload.names

    @OptionGroup var location: WorkloadFolder

    /// The folder that holds them.
    var folder: String { location.path }
}

/// Where workloads lie.
struct WorkloadFolder: ParsableArguments {
    @Option(name: .customLong("data"), help: "The folder that holds W1.h5, W1.onnx and so on.")
    var path = FileManager.default.homeDirectoryForCurrentUser.path + "/.cache/instar-bench"
}
