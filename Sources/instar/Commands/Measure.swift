import ArgumentParser
import Development
import Pipeline
import Runs

/// `instar measure RUN`
struct Measure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Do the costly part only: sample, and store the measurements.",
        discussion: """
            Writes RUN/instar/measurements.h5, which `instar report` works from and netCDF-4 readers open \
            (xarray.open_datatree, arviz.from_netcdf).
            """)

    @Argument(help: "The run directory.") var run: String
    @OptionGroup var measuring: MeasuringOptions

    func run() async throws {
        let measuring = measuring
        let path = run
        try await runCommand {
            let options = try measuring.resolved()
            if measuring.dryRun {
                print(try planWork(at: path, options: options).text)
                return
            }
            let measurements = try await measuring.withProgress { progress in
                try await measure(RunDirectory(at: path), options: options, progress: progress, note: printNote)
            }
            printError(
                "measured \(measurements.checkpoints.count) checkpoints: "
                    + "\(outputFolder(run: path, output: options.output))/measurements.h5")
        }
    }
}
