import ArgumentParser
import Runs

/// The process that reads files of others: started by Instar itself, see `ReadingWorkers`.
struct ServeReads: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "__read", abstract: "Reads files for the process that started it.", shouldDisplay: false)

    @Argument(help: "Bytes that may be allocated.")
    var memory: Int
    @Argument(help: "Seconds of computing that a request may take.")
    var seconds: Double
    @OptionGroup var reading: ReadingOptions

    func run() throws {
        try serveReads(memory: memory, seconds: seconds, allowsFilters: reading.allowFilters)
    }
}
