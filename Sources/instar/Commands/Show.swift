import ArgumentParser
import Development
import Foundation
import Pipeline
import Reports

/// `instar show RUN`
struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show verdict, stages and small plots of a measured run in the terminal.",
        discussion: """
            Works from stored measurements and writes nothing. Colour goes to terminals only, unless stated, and never \
            where NO_COLOR is set; without a UTF-8 locale the plots are ASCII.

            Examples:
              instar show runs/seed-1
              instar show runs/seed-1 --width 60
              instar show runs/seed-1 --color always | less -R
            """)

    @Argument(help: "The run directory, a folder that holds results, or an analysis.json.") var run: String
    @Option(help: "The folder the measurements are in (default: RUN/instar).") var output: String?
    @Option(help: "The columns to fill, at least 20 (default: the terminal's, else 80).") var width: Int?
    @Option(help: "When to use colour: auto, always or never.") var color: Coloring = .auto

    enum Coloring: String, ExpressibleByArgument, CaseIterable {
        case auto, always, never
    }

    func validate() throws {
        guard width.map(Terminal.widths.contains) ?? true else {
            throw ValidationError("--width: expected 20 to 10000 columns.")
        }
    }

    func run() async throws {
        let (path, output, width, color) = (run, output, width, color)
        try await runCommand {
            let analysis =
                path.hasSuffix(".json")
                ? Analysis(try readAnalysisDocument(path)) : try analyzeStoredRun(at: path, output: output)
            let terminal = Terminal()
            let view = TerminalView(
                analysis, width: width ?? terminal.width,
                isColored: color == .auto ? terminal.showsColor : color == .always, isUnicode: terminal.isUnicode)
            try printResult(view.text, terminator: "")
        }
    }
}

/// What stdout is and what its environment asks for.
private struct Terminal {
    /// The columns that can be drawn in.
    static let widths = 20...10_000

    /// The columns: COLUMNS, else the terminal's, else 80.
    let width: Int
    /// Whether stdout is a terminal with colour and NO_COLOR is not set to anything.
    let showsColor: Bool
    /// Whether the locale says UTF-8.
    let isUnicode: Bool

    init() {
        let environment = ProcessInfo.processInfo.environment
        func stated(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        var size = winsize()
        let hasSize = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        let columns = stated("COLUMNS").flatMap { Int($0) }.flatMap { Terminal.widths.contains($0) ? $0 : nil }
        width = columns ?? (hasSize ? Int(size.ws_col) : 80)
        showsColor = isatty(STDOUT_FILENO) == 1 && stated("NO_COLOR") == nil && stated("TERM") != "dumb"
        let locale = (stated("LC_ALL") ?? stated("LC_CTYPE") ?? stated("LANG") ?? "").lowercased()
        isUnicode = locale.contains("utf-8") || locale.contains("utf8")
    }
}
