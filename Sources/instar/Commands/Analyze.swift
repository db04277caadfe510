import ArgumentParser
import Development
import Pipeline
import Reports

/// `instar analyze RUN`
struct Analyze: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure one run, find its stages and write a report.",
        discussion: """
            Reads checkpoints, model.onnx and data.h5 in RUN, samples an LLC at every checkpoint, and writes \
            report.html, analysis.json, summary.md, stages and series as tables (CSV; the stages in LaTeX too), and figures/*.svg. What is missing only narrows the analysis. \
            Finished work is stored and never done twice.

            Examples:
              instar analyze runs/seed-1
              instar analyze runs/seed-1 --every 4 --draws 200     a quick look
              instar analyze runs/seed-1 --config settings.yaml    stated settings
              instar analyze runs/seed-1 --dry-run                 plan, memory, time
              instar analyze traces.h5                             stored chains
            """)

    @Argument(help: "The run directory.") var run: String
    @OptionGroup var reading: ReadingOptions
    @OptionGroup var measuring: MeasuringOptions
    @OptionGroup var result: ResultOptions

    func run() async throws {
        let measuring = measuring
        let result = result
        let path = run
        try await runCommand(reading: reading, measuring: measuring) { options in
            if measuring.dryRun {
                let plan = try planWork(at: path, options: options)
                try result.json ? printResult(plan.json()) : printText(plan.text)
                return
            }
            let folder = outputFolder(run: path, output: options.output)
            let analysis = try await measuring.withProgress { progress in
                try await analyzeRun(at: path, options: options, progress: progress, note: printNote) {
                    try writeOutputs(of: $0, to: folder)
                }
            }
            try result.show(analysis, folder: folder)
        }
    }
}
