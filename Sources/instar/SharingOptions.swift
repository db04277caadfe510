import ArgumentParser
import Foundation
import Pipeline

/// The options that leave a part of the work to other processes.
struct SharingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Measure one of COUNT shares of equal cost, INDEX from 0 to COUNT - 1; or auto: the task of a Slurm array, the process of srun.",
            valueName: "index/count|auto"))
    var shard: ShardArgument?
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Measure these units alone, by the names that --dry-run --json lists.", valueName: "name"))
    var unit: [String] = []

    /// Whether a share was asked for.
    var isStated: Bool { shard != nil || !unit.isEmpty }

    func validate() throws {
        guard shard == nil || unit.isEmpty else { throw ValidationError("--shard and --unit exclude each other.") }
    }

    /// The share; nil where everything is to be measured.
    func resolved() throws -> Share? {
        switch shard {
        case .stated(let shard): .shard(shard)
        case .auto: .shard(try Shard(environment: ProcessInfo.processInfo.environment))
        case nil: unit.isEmpty ? nil : .named(unit)
        }
    }
}

/// `INDEX/COUNT` or `auto`.
enum ShardArgument: ExpressibleByArgument {
    case stated(Shard)
    case auto

    init?(argument: String) {
        if argument == "auto" {
            self = .auto
        } else if let shard = Shard(argument) {
            self = .stated(shard)
        } else {
            return nil
        }
    }
}
