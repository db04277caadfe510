import ArgumentParser
import Development
import Pipeline
import Runs

/// `instar stages FILE`
struct Stages: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find stages in any series over training: a CSV or HDF5 file, or stored measurements.",
        discussion: """
            FILE is a table with a column `step` and any of `llc`, `llc_error` (its standard error) and `loss`; all other \
            columns are further witnesses. `llc_mean` and `test_loss` are recognised; a spread such as `llc_std` is never \
            taken for an error. A run directory that was measured does as well. Nothing is sampled.

            Examples:
              instar stages llc.csv
              instar stages llc.csv --column llc=my_llc --column step=iteration
              instar stages llc.csv --method loss --json
            """)

    @Argument(help: "A CSV, JSON-lines or HDF5 file, or a folder with stored measurements.") var file: String
    @OptionGroup var reading: ReadingOptions
    @Option(
        help: ArgumentHelp(
            "The one witness whose boundaries count: llc, loss, change-points (all series together) or a column's name "
                + "(default: the best there is).", valueName: "witness"))
    var method: String?
    @Option(
        help: ArgumentHelp(
            "What a column is: step, llc, llc_error or loss; may be repeated.", valueName: "what=name"))
    var column: [String] = []
    @Option(
        help:
            "The folder the results go to (default: FILE-instar); of a measured run, the one its measurements are in as well (default: RUN/instar)."
    )
    var output: String?
    @OptionGroup var result: ResultOptions

    func run() async throws {
        let (path, method, output, result) = (file, method, output, result)
        let column = column
        try await runCommand(reading: reading) {
            let folder = outputFolder(run: path, output: output)
            let analysis = try findStages(
                at: path, output: output, columns: try columns(column), method: method.map { Method($0) },
                note: printNote
            ) { try writeOutputs(of: $0, to: folder) }
            try result.show(analysis, folder: folder)
        }
    }

    private func columns(_ statements: [String]) throws -> [SeriesFile.Role: String] {
        var columns: [SeriesFile.Role: String] = [:]
        for statement in statements {
            let parts = statement.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, let role = SeriesFile.Role(rawValue: parts[0]) else {
                let roles = SeriesFile.Role.allCases.map(\.rawValue).joined(separator: ", ")
                throw Failure(.usage, "--column \(statement): expected WHAT=NAME with WHAT one of \(roles)")
            }
            guard columns.updateValue(parts[1], forKey: role) == nil else {
                throw Failure(.usage, "--column \(statement): \(role.rawValue) is stated twice. State it once")
            }
        }
        return columns
    }
}
