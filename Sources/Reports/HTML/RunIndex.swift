public import Development
import Foundation
import Mustache
import Sampling

/// The page that lists the runs under a folder: verdict, small lines of λ̂ and loss, a link to each report, and a box to
/// tick for comparing. It has no script.
///
/// Addresses on the page are `/runs/IDENTIFIER/FILE` and `/compare?run=IDENTIFIER&run=IDENTIFIER`.
public struct RunIndex: Sendable {
    /// A run as the page lists it.
    public struct Run: Sendable {
        /// What stands for the run in addresses: letters and digits.
        public var identifier: String
        /// Where it lies, for readers.
        public var place: String
        /// Whether its box is ticked.
        public var isTicked = false
        let name: String
        let verdict: String
        let counts: [String]
        let warnings: [String]
        let sparklines: [Sparkline]
        /// The report's file name; none or one.
        let report: [String]
        let otherFiles: [String]

        /// Lists a run that was analysed, and the names of its files that may be opened.
        public init(identifier: String, place: String, files: [String], analysis: Analysis) {
            self.identifier = identifier
            self.place = place
            (report, otherFiles) = Self.sorted(files)
            let measurements = analysis.measurements
            let checkpoints = measurements.checkpoints
            name = measurements.runName
            verdict = analysis.verdict.first ?? ""
            counts = ["\(Format.counted(checkpoints.count, "checkpoint")), \(analysis.stageCountWords)"]
            let warningCount = analysis.advisories.count { $0.severity == .warning }
            warnings = warningCount == 0 ? [] : [Format.counted(warningCount, "warning")]
            let steps = checkpoints.map(\.step)
            sparklines = [
                Sparkline(
                    "λ̂", steps: steps,
                    values: checkpoints.map { $0.llc.flatMap { $0.quality == .unusable ? nil : $0.value } },
                    colour: 0),
                Sparkline("loss", steps: steps, values: checkpoints.map(\.loss), colour: 1),
            ].compactMap(\.self)
        }

        /// Lists results whose analysis cannot be read, and says why.
        public init(identifier: String, place: String, files: [String], problem: String) {
            self.identifier = identifier
            self.place = place
            (report, otherFiles) = Self.sorted(files)
            name = place
            verdict = problem
            (counts, warnings, sparklines) = ([], [], [])
        }

        private static func sorted(_ files: [String]) -> (report: [String], others: [String]) {
            (files.filter { $0 == "report.html" }, files.filter { $0 != "report.html" })
        }
    }

    private let folder: String
    private let runs: [Run]
    private let notices: [Page.Notice]

    /// Creates the page.
    ///
    /// - Parameters:
    ///   - folder: The folder's name, for readers.
    ///   - runs: The runs in the order of the page.
    ///   - problem: What went wrong with the last request, in words.
    ///   - isCut: Whether there are more runs than are listed.
    public init(folder: String, runs: [Run], problem: String? = nil, isCut: Bool = false) {
        self.folder = folder
        self.runs = runs
        var notices: [Page.Notice] = []
        if let problem {
            notices.append(Page.Notice(severity: "warning", finding: problem, remedy: [], concerned: []))
        }
        if isCut {
            notices.append(
                Page.Notice(
                    severity: "note", finding: "There are more runs than the \(runs.count) listed here.",
                    remedy: ["Serve a folder further down to see them."], concerned: []))
        }
        if runs.isEmpty {
            notices.append(
                Page.Notice(
                    severity: "note", finding: "No measured run is here yet.",
                    remedy: [
                        "`instar analyze RUN` measures a run; `instar watch RUN` does while it is being trained. "
                            + "Results appear here when the page is loaded again."
                    ], concerned: []))
        }
        self.notices = notices
    }

    /// The content-security policy to send with the page: nothing but its own style sheet and its empty
    /// icon, and forms to the same server.
    public static let contentSecurityPolicy =
        "default-src 'none'; style-src \(style.policySource); img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

    private static let style =
        String(decoding: PackageResources.style_css, as: UTF8.self)
        + String(decoding: PackageResources.index_css, as: UTF8.self)

    private struct Rendering {
        var title: String
        var eyebrow: String
        var style: String
        var notices: [Page.Notice]
        var runs: [Run]
        /// None or one.
        var hint: [String]
        var imprint: String
    }

    /// The page as HTML text.
    ///
    /// - Throws: A template error, which is a defect of this module; never because of the runs.
    public func html() throws -> String {
        var library = MustacheLibrary()
        try library.register(String(decoding: PackageResources.notice_mustache, as: UTF8.self), named: "notice")
        try library.register(String(decoding: PackageResources.index_mustache, as: UTF8.self), named: "index")
        let rendering = Rendering(
            title: folder, eyebrow: runs.isEmpty ? "Training runs" : Format.counted(runs.count, "training run"),
            style: Self.style, notices: notices, runs: runs,
            hint: runs.count < 2 ? [] : ["two to \(Comparison.largestRunCount); the first is the baseline"],
            imprint: "Load the page again to see what is new.")
        guard let html = library.render(rendering, withTemplate: "index") else {
            preconditionFailure("the index template was registered just now")
        }
        return html.replacingForbiddenInMarkup
    }
}
