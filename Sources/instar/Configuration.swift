import ArgumentParser
import Development
import Pipeline
import Runs

/// Settings from a YAML file and from --set, by the long names of the options.
struct Configuration {
    /// Every key, in the order of the help.
    static let keys = [
        "output", "sampler", "chains", "draws", "burn-in", "steps-per-draw", "batch", "minibatches", "step-size",
        "extrapolate", "n-beta", "localization", "seed", "precision", "target-error", "max-draws", "observe-every",
        "trace-examples", "covariance", "restrictions", "steps", "every", "jobs", "memory",
    ]

    private let file: YAMLMapping?
    private var assigned: [String: String] = [:]

    /// Reads the file, if one is named, and the assignments; unknown keys are answered with the nearest known one.
    init(file path: String?, assignments: [String]) throws {
        file = try path.map { try YAMLMapping.load(path: $0) }
        try file?.rejectUnknownKeys(known: Self.keys)
        for assignment in assignments {
            let parts = assignment.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                throw Failure(.usage, "--set \(assignment): expected KEY=VALUE, as in --set chains=4")
            }
            guard !["restrictions", "parameters", "examples"].contains(parts[0]) else {
                throw Failure(
                    .usage,
                    "--set \(assignment): restrictions are listed in a settings file, or stated by --parameters "
                        + "and --examples"
                )
            }
            guard Self.keys.contains(parts[0]) else {
                let nearest =
                    nearestName(to: parts[0], among: Self.keys).map { "; did you mean '\($0)'?" }
                    ?? "; there are \(Self.keys.sorted().joined(separator: ", "))"
                throw Failure(.usage, "--set \(assignment): there is no setting '\(parts[0])'\(nearest)")
            }
            assigned[parts[0]] = parts[1]
        }
    }

    private static func expectation(_ type: Any.Type) -> String {
        switch type {
        case is Int.Type, is UInt64.Type: "a whole number"
        case is Double.Type: "a number"
        case is Bool.Type: "true or false"
        case is ByteCount.Type: "a size as in 800M or 4G"
        default: "steps as in 0,100,5000"
        }
    }

    /// The text of a setting, nil where it is not stated.
    func text(_ key: String) throws -> String? {
        if let value = assigned[key] { return value }
        if case .list? = file?.value(key) { return try file?.texts(key)?.joined(separator: ",") }
        return try file?.text(key)
    }

    /// A setting in the form its option takes, nil where it is not stated.
    func value<Value: ExpressibleByArgument>(_ key: String) throws -> Value? {
        guard let text = try text(key) else { return nil }
        guard let value = Value(argument: text) else {
            let expected =
                Value.allValueStrings.isEmpty
                ? Self.expectation(Value.self) : Value.allValueStrings.joined(separator: " or ")
            let isAssigned = assigned[key] != nil
            let place = isAssigned ? "--set" : file?.path ?? "settings"
            throw Failure(
                isAssigned ? .usage : .malformed, "\(place): \(key): expected \(expected), found '\(text)'")
        }
        return value
    }

    /// The restrictions of the settings file: under `restrictions`, by name, `parameters` and `examples`.
    func restrictions() throws -> [Restriction] {
        guard let named = try file?.mapping("restrictions") else { return [] }
        return try named.entries.map { entry in
            guard case .mapping(let restriction) = entry.value else {
                throw Failure(
                    .malformed,
                    "\(named.path): restrictions: \(entry.key): expected `parameters:`, `examples:` or both below it, found "
                        + "a word or a list"
                )
            }
            try restriction.rejectUnknownKeys(known: ["parameters", "examples"])
            let parameters = try restriction.texts("parameters") ?? []
            let examples = try restriction.text("examples")
            guard !entry.key.isEmpty, !parameters.isEmpty || examples != nil else {
                throw Failure(
                    .malformed,
                    "\(named.path): restrictions: '\(entry.key)': expected a name, and `parameters:`, `examples:` or both that "
                        + "are not empty")
            }
            return Restriction(name: entry.key, parameters: parameters, examples: examples)
        }
    }
}
