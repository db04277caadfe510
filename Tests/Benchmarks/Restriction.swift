import ArgumentParser
import Foundation
import Sampling

/// How much cheaper a step is where only part of a model is sampled.
struct Restriction: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The time of a step that samples part of a transformer, against one that samples all of it.",
        discussion: """
            One chain on one thread; a step is a minibatch's gradient and the sampler's update, and its time is the \
            processor's. All restrictions take turns, and each turn's time is divided by that of the full step in the same \
            turn.
            """)

    @Argument(help: "Workloads, of W3 to W5.")
    var names = ["W3", "W4", "W5"]

    @OptionGroup var folder: WorkloadFolder

    @Option(help: "Turns.")
    var turns = 7

    @Option(help: "Seconds of each restriction's turn, about.")
    var seconds = 1.0

    func validate() throws {
        guard turns > 0, seconds > 0 else { throw ValidationError("turns and seconds are positive") }
        let unknown = names.filter { Workload.restrictions[$0] == nil }
        guard unknown.isEmpty else {
            throw ValidationError("\(unknown.joined(separator: ", ")): expected workloads of W3 to W5, transformers")
        }
    }

    func run() async throws {
        for name in names {
            let full = try Workload(name, in: folder.path)
            var choices = [("everything", full)]
            for (title, patterns) in Workload.restrictions[name] ?? [] {
                choices.append((title, try full.restricted(to: patterns)))
            }
            var times = [[Double]](repeating: [], count: choices.count)
            for _ in 0..<turns {
                for (index, (_, workload)) in choices.enumerated() {
                    let rate = try await StepRate(
                        of: workload.loss(as: Float.self), posterior: workload.posterior(),
                        settings: workload.settings(chainCount: 1), threadCount: 1, seconds: seconds, blockCount: 1)
                    times[index].append(rate.coresUsed / rate.median)
                }
            }
            print("\(name)  parameters  ms a step        of the full step")
            for (index, (title, workload)) in choices.enumerated() {
                let ratios = zip(times[index], times[0]).map { 100 * $0 / $1 }
                print(
                    String(
                        format: "    %10d  %7.2f (%.2f to %.2f)  %5.1f %% (%.1f to %.1f)  ", workload.subset.count,
                        times[index].median * 1e3, (times[index].min() ?? 0) * 1e3, (times[index].max() ?? 0) * 1e3,
                        ratios.median, ratios.min() ?? 0, ratios.max() ?? 0) + title)
            }
        }
    }
}

extension Workload {
    /// What can be sampled of the transformers, by workload: a title and the patterns of parameters.
    fileprivate static let restrictions: [String: [(title: String, patterns: [String])]] = [
        "W3": [
            ("Q of a head of the last block", ["blocks.1.attn.q.weight[:16]", "blocks.1.attn.q.bias[:16]"]),
            (
                "a head of the last block",
                [
                    "blocks.1.attn.q.*[:16]", "blocks.1.attn.k.*[:16]", "blocks.1.attn.v.*[:16]",
                    "blocks.1.attn.o.weight[:, :16]",
                ]
            ),
            ("the last block", ["blocks.1.*"]), ("the first block", ["blocks.0.*"]),
        ],
        "W4": [
            ("Q of a head of the last block", ["blocks.1.attn.q.weight[:32]"]),
            (
                "a head of the last block",
                [
                    "blocks.1.attn.q.weight[:32]", "blocks.1.attn.k.weight[:32]", "blocks.1.attn.v.weight[:32]",
                    "blocks.1.attn.o.weight[:, :32]",
                ]
            ),
            ("the last block", ["blocks.1.*"]), ("the first block", ["blocks.0.*"]),
        ],
        "W5": [
            ("Q of a head of the last block", ["h.3.attn.c_attn.weight[:, :32]", "h.3.attn.c_attn.bias[:32]"]),
            (
                "a head of the last block",
                [
                    "h.3.attn.c_attn.weight[:, :32]", "h.3.attn.c_attn.weight[:, 256:288]",
                    "h.3.attn.c_attn.weight[:, 512:544]", "h.3.attn.c_proj.weight[:32]",
                ]
            ),
            ("the last block", ["h.3.*"]), ("the first block", ["h.0.*"]),
        ],
    ]
}
