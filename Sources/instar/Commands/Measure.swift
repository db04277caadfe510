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
            (xarray.open_datatree, arviz.from_netcdf). Finished work is stored and never done twice: the same command goes \
            on after an interruption, and more draws lengthen the chains that are there.

            Examples:
              instar measure runs/seed-1 --config settings.yaml
              instar measure runs/seed-1 --target-error 0.5
              instar measure runs/seed-1 --parameters 'blocks.0.attn.*' '!*.bias'
              instar measure runs/seed-1 --dry-run        the plan, memory and time
            """)

    @Argument(help: "The run directory.") var run: String
    @OptionGroup var reading: ReadingOptions
    @OptionGroup var measuring: MeasuringOptions

    func run() async throws {
        let measuring = measuring
        let path = run
        try await runCommand(reading: reading) {
            let options = try measuring.resolved()
            if measuring.dryRun {
                try printResult(try planWork(at: path, options: options).text)
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
