import ArgumentParser
import Development
import Foundation
import Pipeline

/// `instar measure RUN`
struct Measure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Do the costly part only: sample, and store the measurements.",
        discussion: """
            Writes RUN/instar/measurements.h5, which `instar report` works from and netCDF-4 readers open \
            (xarray.open_datatree, arviz.from_netcdf). Finished work is stored and never done twice: the same command goes \
            on after an interruption, and more draws lengthen the chains that are there.

            Several processes, on one machine or more, measure shares of a run, in any order and division, and `instar \
            merge` makes the same file of them; `instar slurm` has a cluster do it.

            Examples:
              instar measure runs/seed-1 --config settings.yaml
              instar measure runs/seed-1 --target-error 0.5
              instar measure runs/seed-1 --parameters 'blocks.0.attn.*' '!*.bias'
              instar measure runs/seed-1 --dry-run        the plan, memory and time
              instar measure runs/seed-1 --shard 0/2      half of it; 1/2 is the other
              srun -n 16 instar measure runs/seed-1 --shard auto
            """)

    @Argument(help: "The run directory.") var run: String
    @OptionGroup var reading: ReadingOptions
    @OptionGroup var measuring: MeasuringOptions
    @OptionGroup var sharing: SharingOptions
    @Flag(help: "With --dry-run: print the plan as JSON, with every unit, its cost and its file.")
    var json = false
    @Flag(
        help:
            "Decide and store the settings, by a short calibration where one is due, and measure nothing: what comes before shares that start together."
    )
    var settingsOnly = false

    func validate() throws {
        guard !json || measuring.dryRun else { throw ValidationError("--json goes with --dry-run.") }
        guard !settingsOnly || (!measuring.dryRun && !sharing.isStated) else {
            throw ValidationError("--settings-only goes neither with --dry-run nor with --shard or --unit.")
        }
    }

    func run() async throws {
        let (path, measuring, sharing, json, settingsOnly) = (run, measuring, sharing, json, settingsOnly)
        try await runCommand(reading: reading, measuring: measuring) { options in
            let share = try sharing.resolved()
            if measuring.dryRun {
                let plan = try planWork(at: path, options: options, share: share)
                try json ? printResult(plan.json()) : printText(plan.text)
                return
            }
            let folder = outputFolder(run: path, output: options.output)
            try await measuring.withProgress { progress in
                let run = try openRun(at: path, progress: progress)
                if settingsOnly {
                    try await settleSettings(of: run, options: options, progress: progress, note: printNote)
                    printError("settings: \(folder)/settings.json")
                } else if let share {
                    let count = try await measureShare(
                        share, of: run, options: options, progress: progress, note: printNote)
                    printError("measured \(count) units: \(folder)/units. `instar merge` comes next")
                } else {
                    let measurements = try await measure(run, options: options, progress: progress, note: printNote)
                    printError("measured \(measurements.checkpoints.count) checkpoints: \(folder)/measurements.h5")
                }
            }
        }
    }
}
