import ArgumentParser
import Foundation
import Pipeline

/// `instar serve DIR`
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the measured runs under a folder in a browser.",
        discussion: """
            Lists every run under DIR that was analysed, with its verdict and small lines of λ̂ and loss, opens reports, \
            and compares the runs that are ticked. It only reads, it listens to this machine alone unless --host says \
            otherwise, and no file outside DIR can be reached. Load the page again to see new results. Stop it with \
            Ctrl-C.

            Examples:
              instar serve runs
              instar serve runs --port 0                           any free port; its address is printed
              ssh -L 8642:localhost:8642 cluster instar serve runs from another machine
            """)

    @Argument(help: "The folder that runs lie in.") var folder: String
    @Option(help: "The port to listen at; 0 for any that is free.") var port = 8642
    @Option(help: "The name or address to listen at.") var host = "127.0.0.1"

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port: expected 0 to 65535, found \(port).") }
    }

    func run() async throws {
        let (folder, port, host) = (folder, port, host)
        try await runCommand {
            let server = RunServer(library: try RunLibrary(folder: folder), host: host)
            if !["127.0.0.1", "::1", "localhost"].contains(host) {
                printError("warning: whoever can reach \(host) can read these results: there is no password")
            }
            try await server.run(port: port) { port in
                try? printResult("http://\(host.contains(":") ? "[\(host)]" : host):\(port)/")
            }
        }
    }
}
