public import ArgumentParser
public import Reports

/// `instar schema DOCUMENT`
struct Schema: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the JSON Schema of a document that Instar writes.",
        discussion: """
            The schemas follow draft 2020-12. Within one version keys may be added: ignore those you do not know.

            Examples:
              instar schema analysis                               of analysis.json
              instar schema comparison > comparison.schema.json
            """)

    @Argument(
        help:
            "The document: analysis, comparison, inspection (of inspect --json), calibration, plan (of measure --dry-run --json) or status (of status --json)."
    )
    var document: PublishedSchema

    func run() async throws {
        let text = document.text
        try await runCommand { try printResult(text, terminator: "") }
    }
}

extension PublishedSchema: ExpressibleByArgument {}
