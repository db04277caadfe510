import ArgumentParser
import Development
import Foundation
import Pipeline
import Reports
import Sampling

/// How results are shown.
struct ResultOptions: ParsableArguments {
    @Flag(help: "Print the analysis as JSON on stdout.")
    var json = false
    @Flag(help: "Exit with status 3 when any checkpoint's diagnostics failed.")
    var strict = false

    /// Prints the summary, or JSON, and fails under --strict where an estimate is in doubt.
    func show(_ analysis: Analysis, folder: String) throws {
        try json ? printResult(AnalysisDocument(analysis).json()) : printText(TextSummary(analysis).text)
        printError("written: \(folder)/report.html")
        let measurements = analysis.measurements
        let doubted = measurements.checkpoints.enumerated().filter { place, checkpoint in
            let restricted = measurements.restrictions.map { $0.points[place].llc }
            return ([checkpoint.llc].compactMap(\.self) + restricted).contains { !$0.concerns.isEmpty }
        }.map(\.element)
        if strict, !doubted.isEmpty {
            printError(
                "--strict: diagnostics failed at \(doubted.count) of \(analysis.measurements.checkpoints.count) "
                    + "checkpoints (steps \(doubted.prefix(20).map { String($0.step) }.joined(separator: ", "))"
                    + (doubted.count > 20 ? " and \(doubted.count - 20) more" : "") + "); the report says why")
            throw ExitCode(3)
        }
    }
}

/// Writes all files that are made of an analysis, each complete or not at all, and removes figures of an earlier one.
func writeOutputs(of analysis: Analysis, to folder: String) throws {
    let report = RunReport(analysis: analysis, calibration: try readCalibration(in: folder))
    try writeFiles(
        [
            ("report.html", try report.html()),
            ("analysis.json", try AnalysisDocument(analysis).json()),
            ("stages.csv", StagesTable(analysis).csv),
            ("stages.tex", LaTeXTable(stagesOf: analysis).text),
            ("series.csv", SeriesTable(analysis).csv),
            ("summary.md", MarkdownSummary(analysis).text),
        ] + report.figures.map { ("figures/\($0.name).svg", $0.svg) }, to: folder)
    removeFigures(besides: Set(report.figures.map { "\($0.name).svg" }), in: folder)
}
