import ArgumentParser
import Foundation
import Pipeline

/// The command line: parse, call, print, exit status. No work is done here.
@main
struct Instar: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "instar",
        abstract: "Finds the stages a neural network goes through in training.",
        discussion: """
            Point it at a directory of checkpoints:

              instar inspect RUN        what is there, and how it fits together
              instar analyze RUN        measure, find stages, write a report
              instar calibrate RUN      find settings for the sampler first
              instar compare RUN RUN    runs side by side
              instar stages FILE        stages of a series from elsewhere
              instar watch RUN          measure while it is trained
              instar show RUN           a measured run in the terminal
              instar serve DIR          all measured runs in a browser
              instar slurm RUN          measure it on a cluster

            Results go to RUN/instar; work that was interrupted is continued by the same command.

            Exit status: 0 done, 1 failure, 3 done but diagnostics failed under --strict, 64 usage, 65 bad data, \
            66 no input, 70 a defect of Instar's, 75 try again, 141 the reader of stdout went away, 128 + N on signal N.
            """,
        version: instarVersion,
        subcommands: [
            Analyze.self, Calibrate.self, Compare.self, Inspect.self, Measure.self, Merge.self, Report.self,
            Schema.self, Serve.self, ServeReads.self, Show.self, SlurmCommand.self, Stages.self, Status.self,
            Watching.self,
        ])

    /// Runs the command. Help and the version are written as results are: where they cannot be, that is a failure.
    static func main() async {
        // The runtime would print where every thread is, which takes half a minute, goes on after a quit, and wakes threads by
        // SIGUSR1, as schedulers do for another reason. Who wants it says so.
        if ProcessInfo.processInfo.environment["SWIFT_BACKTRACE"] == nil {
            for number in [SIGQUIT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT] { signal(number, SIG_DFL) }
        }
        // Who starts this process may not mind its children; it does.
        signal(SIGCHLD, SIG_DFL)
        let isReader = CommandLine.arguments.dropFirst().first == ServeReads.configuration.commandName
        do {
            try requireSystem(threadCount: isReader ? 0 : 4)
            try requireTexts(CommandLine.unsafeArgv)
        } catch {
            printError("instar: \(error.reason)")
            // What is missing, libraries would wait for at the end.
            _exit(exitStatus(of: error.kind))
        }
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            leave(EXIT_SUCCESS)
        } catch {
            let text = fullMessage(for: error)
            guard exitCode(for: error).isSuccess, !text.isEmpty else {
                if !text.isEmpty { printError(text) }
                leave(exitCode(for: error).rawValue)
            }
            do {
                try await runCommand { try printResult(text) }
                leave(EXIT_SUCCESS)
            } catch {
                leave(exitCode(for: error).rawValue)
            }
        }
    }

    /// Throws where an argument is no UTF-8 text: the path that it would be read as is another one.
    private static func requireTexts(_ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) throws(Failure) {
        for case let argument? in (0..<Int(CommandLine.argc)).map({ arguments[$0] })
        where String(validatingCString: argument) == nil {
            throw Failure(
                .usage,
                "the argument \(String(cString: argument)) is no UTF-8 text; rename the file or folder, or go into it and name "
                    + "it `.`")
        }
    }

    /// Ends the process. Where its address space is limited, at once: threads of OpenBLAS may wait for more of it for ever, and
    /// the end of its library for them.
    private static func leave(_ status: Int32) -> Never {
        if isAddressSpaceLimited { _exit(status) }
        Foundation.exit(status)
    }
}
