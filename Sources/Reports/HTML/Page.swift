import Crypto
import Development
import Foundation
import Mustache

/// An HTML page as data; `html()` renders it. Every string is text, not markup, but for `Figure.charts`.
struct Page: Sendable {
    /// A number worth knowing at once.
    struct Fact: Sendable {
        var factName: String
        var factValue: String
    }

    /// A warning or note with what to do about it.
    struct Notice: Sendable {
        /// "warning" or "note".
        var severity: String
        var finding: String
        /// None or one.
        var remedy: [String]
        /// The steps it concerns, as one text; empty when it concerns all.
        var concerned: [String]

        /// The finding alone, for the head of a page, which names the remedy further down.
        var withoutRemedy: Notice {
            var notice = self
            notice.remedy = []
            return notice
        }
    }

    /// A part of the page with an anchor.
    struct Section: Sendable {
        var anchor: String
        var heading: String
        var blocks: [Block]
    }

    /// A piece of a section; the parts that are not empty are shown in this order.
    struct Block: Sendable {
        /// None or one.
        var subheadings: [String] = []
        var paragraphs: [String] = []
        var notices: [Notice] = []
        /// Shown before the figures; switches the evolutes in them on and off.
        var evoluteSwitches: [EvoluteSwitch] = []
        var figures: [Figure] = []
        /// "stack" for figures of full width, "grid" for small ones side by side.
        var arrangement = "stack"
        var tables: [Table] = []
        /// Tables behind a disclosure triangle.
        var foldedTables: [Table] = []
        var links: [Link] = []
    }

    /// A check box with an identifier that is unique in the page.
    struct EvoluteSwitch: Sendable {
        var identifier: String
    }

    /// A source.
    struct Link: Sendable {
        var address: String
        var citation: String
    }

    /// A chart with its caption and its numbers.
    struct Figure: Sendable {
        /// The chart's.
        var identifier: String
        /// What is drawn.
        var chart: Chart
        /// Markup: one `svg` element for each width that the page switches between.
        var charts: String
        var figureCaption: String
        /// None or one.
        var numbers: [Table]
        var data: ChartData
    }

    /// "run" or "comparison"; names the page in its eyebrow line.
    var eyebrow: String
    var title: String
    var verdict: [String]
    /// Shown right below the verdict; none or one.
    var summary: [Table] = []
    /// What the verdict's terms mean.
    var terms: [String]
    var facts: [Fact]
    var notices: [Notice]
    var sections: [Section]
    /// What a reader may have checkpoints drawn over, beside steps.
    var axes: [PageData.Axis] = []
    /// What a checkpoint's number is called: "step" or "epoch".
    var word = "step"
    var imprint: String

    /// The line at the foot of the page; each version that measured is named once.
    static func imprint(versions: [String]) -> String {
        "Measured by Instar \(Set(versions).sorted().joined(separator: ", ")). This file is complete and asks for nothing; "
            + "its script only shows what is in it."
    }

    /// Renders the page as one HTML document that makes no request and runs no script but its own.
    ///
    /// - Throws: A Mustache parser error if the built-in templates are malformed.
    func html() throws -> String {
        var library = MustacheLibrary()
        for (name, template) in Self.templates {
            try library.register(String(decoding: template, as: UTF8.self), named: name)
        }
        let figures = sections.flatMap { $0.blocks.flatMap(\.figures) }
        precondition(
            Set(figures.map(\.identifier)).count == figures.count, "charts of a page have different identifiers")
        let data = PageData(
            word: word, axes: axes,
            charts: Dictionary(uniqueKeysWithValues: figures.map { ($0.identifier, $0.data) }))
        let style = String(decoding: PackageResources.style_css, as: UTF8.self)
        // The comment marks make the page well-formed XML too.
        let script = "/*<![CDATA[*/\n\(String(decoding: PackageResources.report_js, as: UTF8.self))/*]]>*/"
        let rendering = Rendering(
            page: self, policy: Self.policy(style: style, script: script), style: style, script: script,
            data: try data.markup())
        guard let html = library.render(rendering, withTemplate: "page") else {
            preconditionFailure("the page template was registered just now")
        }
        return html.replacingForbiddenInMarkup
    }

    private static let templates = [
        ("table", PackageResources.table_mustache), ("notice", PackageResources.notice_mustache),
        ("block", PackageResources.block_mustache), ("page", PackageResources.page_mustache),
    ]

    /// The content-security policy: nothing but this very style sheet and this very script.
    private static func policy(style: String, script: String) -> String {
        "default-src 'none'; style-src \(style.policySource); script-src \(script.policySource); base-uri 'none'; "
            + "form-action 'none'"
    }

    private struct Rendering {
        var page: Page
        var policy: String
        var style: String
        var script: String
        var data: String
    }
}

/// A table of text. What ends in `Markup` is attributes, empty for a plain number: tables hold thousands.
struct Table: Sendable {
    struct Column: Sendable {
        var columnHeading: String
        var columnMarkup: String
    }
    struct Row: Sendable {
        var rowMarkup: String
        var rowHeading: Cell
        var cells: [Cell]
    }
    struct Cell: Sendable {
        var cellText: String
        var cellMarkup: String
    }

    var tableCaption: String
    var columns: [Column]
    var rows: [Row]

    /// Creates a table.
    ///
    /// - Parameters:
    ///   - numeric: The indices of the columns that hold numbers.
    ///   - rows: The cells and the class, "", "doubtful" or "unusable", of each row.
    ///   - isShortened: Whether digests and long fractions are cut, with the whole as a tooltip.
    init(
        _ caption: String, columns: [String], numeric: Set<Int> = [], isShortened: Bool = false,
        rows: [(cells: [String], rowClass: String)]
    ) {
        tableCaption = caption
        func markup(_ index: Int) -> String { numeric.contains(index) ? "" : " class=\"t\"" }
        self.columns = columns.enumerated().map { Column(columnHeading: $1, columnMarkup: markup($0)) }
        self.rows = rows.map { row in
            precondition(row.cells.count == columns.count, "a row has one cell per column")
            let cells = row.cells.enumerated().map { index, text in
                guard isShortened, let short = Format.shortened(text) else {
                    return Cell(cellText: text, cellMarkup: markup(index))
                }
                return Cell(cellText: short, cellMarkup: markup(index) + " title=\"\(text.escapedForMarkup)\"")
            }
            return Row(
                rowMarkup: row.rowClass.isEmpty ? "" : " class=\"\(row.rowClass)\"", rowHeading: cells[0],
                cells: Array(cells.dropFirst()))
        }
    }

    /// Creates a table whose rows are all alike.
    init(
        _ caption: String, columns: [String], numeric: Set<Int> = [], isShortened: Bool = false, rows: [[String]]
    ) {
        self.init(
            caption, columns: columns, numeric: numeric, isShortened: isShortened, rows: rows.map { ($0, "") })
    }
}

extension Table {
    /// The same table of text with a row for each of its columns but the first, under another first heading.
    func transposed(heading: String) -> Table {
        var table = self
        let markup = columns.first?.columnMarkup ?? ""
        table.columns =
            [Column(columnHeading: heading, columnMarkup: markup)]
            + rows.map { Column(columnHeading: $0.rowHeading.cellText, columnMarkup: markup) }
        table.rows = columns.dropFirst().enumerated().map { index, column in
            Row(
                rowMarkup: "", rowHeading: Cell(cellText: column.columnHeading, cellMarkup: markup),
                cells: rows.map { $0.cells[index] })
        }
        return table
    }
}

extension Page.Figure {
    /// The widths that charts are drawn for; the page's style switches between the first two.
    static let fullWidth = 1104.0
    static let narrowWidth = 368.0
    static let smallWidth = 352.0

    /// A chart of the page's full width, laid out a second time for narrow screens.
    init(full chart: Chart, caption: String, numbers: [Table] = []) {
        self.init(
            chart,
            charts: "<div class=\"wide\">\(chart.svg(width: Self.fullWidth))</div>"
                + "<div class=\"narrow\">\(chart.svg(width: Self.narrowWidth))</div>",
            caption: caption, numbers: numbers)
    }

    /// A small chart, to stand in a grid.
    ///
    /// - Parameter hasTable: Whether the chart's numbers stand in a table below it; not where another chart's table has them.
    init(small chart: Chart, caption: String, numbers: [Table] = [], hasTable: Bool = true) {
        self.init(
            chart, charts: chart.svg(width: Self.smallWidth), caption: caption, numbers: numbers, hasTable: hasTable)
    }

    /// Without a table of its own, a chart has its readings for one.
    private init(_ chart: Chart, charts: String, caption: String, numbers: [Table], hasTable: Bool = true) {
        self.init(
            identifier: chart.identifier, chart: chart, charts: charts, figureCaption: caption,
            numbers: numbers.isEmpty && hasTable ? [Table(readings: chart)].compactMap(\.self) : numbers,
            data: ChartData(chart))
    }
}

extension Table {
    /// The readings of a chart, one row per step; nil where it has none, or rows of a heat map, which are too many.
    fileprivate init?(readings chart: Chart) {
        let panels = chart.panels.filter { if case .scale = $0.vertical { true } else { false } }
        let readings = panels.flatMap { panel in panel.readings.map { (panel: panel, reading: $0) } }
        let steps = Set(readings.flatMap(\.reading.steps)).sorted()
        guard !steps.isEmpty else { return nil }
        let places = readings.map { entry in
            Dictionary(zip(entry.reading.steps, entry.reading.steps.indices), uniquingKeysWith: { first, _ in first })
        }
        var columns = [(chart.horizontal.kind == .own ? chart.horizontal.label : "Step", steps.map(Format.number))]
        for (entry, place) in zip(readings, places) {
            func cells(_ values: [Double?]) -> [String] {
                steps.map { step in place[step].flatMap { values[$0] }.map(Format.number) ?? "" }
            }
            let reading = entry.reading
            if let x = reading.x { columns.append(("\(reading.name) \(chart.horizontal.label)", cells(x))) }
            columns.append(
                (reading.x == nil ? reading.name : "\(reading.name) \(entry.panel.label)", cells(reading.values)))
            if let errors = reading.errors { columns.append(("± \(reading.name)", cells(errors))) }
        }
        self.init(
            chart.title, columns: columns.map(\.0), numeric: Set(columns.indices),
            rows: steps.indices.map { row in columns.map { $0.1[row] } })
    }
}

extension String {
    /// The text as a source that a content-security policy names by its SHA-256 digest.
    var policySource: String { "'sha256-\(Data(SHA256.hash(data: Data(utf8))).base64EncodedString())'" }
}
