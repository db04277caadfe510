import ArgumentParser
import Pipeline
import Runs

/// How files of others are read.
struct ReadingOptions: ParsableArguments {
    @Flag(
        help: """
            Let libhdf5 load filters from HDF5_PLUGIN_PATH, for files that other filters than gzip, shuffle and fletcher32 \
            encode: that is code which runs on what the files hold, in the process that reads them.
            """)
    var allowFilters = false

    /// Processes that read for this one: of this very program, also where its file was replaced since it started.
    ///
    /// - Parameter memory: The bytes that each of them may take.
    func workers(memory: Int = defaultMemoryLimit) -> ReadingWorkers {
        ReadingOptions.workers(allowFilters: allowFilters, memory: memory)
    }

    /// The same for commands without these options.
    static func workers(allowFilters: Bool = false, memory: Int = defaultMemoryLimit) -> ReadingWorkers {
        ReadingWorkers(
            command: ["/proc/self/exe", "__read"] + (allowFilters ? ["--allow-filters"] : []),
            limits: ReadingWorkers.Limits(memory: memory))
    }
}
