import Development
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
        var remedy: String
        /// The steps it concerns, as one text; empty when it concerns all.
        var concerned: [String]
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
        /// Markup: one `svg` element for each width that the page switches between.
        var charts: String
        var figureCaption: String
        var numbers: [Table] = []
    }

    /// "run" or "comparison"; names the page in its eyebrow line.
    var eyebrow: String
    var title: String
    var verdict: [String]
    /// What the verdict's terms mean.
    var terms: [String]
    var facts: [Fact]
    var notices: [Notice]
    var sections: [Section]
    var imprint: String

    /// The line at the foot of the page; each version that measured is named once.
    static func imprint(versions: [String]) -> String {
        "Measured by Instar \(Set(versions).sorted().joined(separator: ", ")). This file is complete: it loads nothing "
            + "and runs no script."
    }

    /// Renders the page as one HTML document that asks for nothing and runs nothing.
    ///
    /// - Throws: A Mustache parser error if the built-in templates are malformed.
    func html() throws -> String {
        var library = MustacheLibrary()
        try library.register(PageTemplate.table, named: "table")
        try library.register(PageTemplate.page, named: "page")
        guard let html = library.render(Rendering(page: self, style: PageStyle.css), withTemplate: "page") else {
            preconditionFailure("the page template was registered just now")
        }
        return html.replacingForbiddenInMarkup
    }

    private struct Rendering {
        var page: Page
        var style: String
    }
}

/// A table of text.
struct Table: Sendable {
    struct Column: Sendable {
        var columnHeading: String
        /// "n" for numbers, which are set flush right, else "t".
        var columnClass: String
    }
    struct Row: Sendable {
        /// "", "doubtful" or "unusable".
        var rowClass = ""
        var rowHeading: Cell
        var cells: [Cell]
    }
    struct Cell: Sendable {
        var cellText: String
        var cellClass: String
        /// The whole of what was shortened, as a tooltip; none or one, and a number or a digest, never other text.
        var fullText: [String] = []
    }

    var tableCaption: String
    var columns: [Column]
    var rows: [Row]

    /// Creates a table.
    ///
    /// - Parameters:
    ///   - numeric: The indices of the columns that hold numbers.
    ///   - isShortened: Whether digests and long fractions are cut, with the whole as a tooltip.
    init(
        _ caption: String, columns: [String], numeric: Set<Int> = [], isShortened: Bool = false,
        rows: [(cells: [String], rowClass: String)]
    ) {
        tableCaption = caption
        func kind(_ index: Int) -> String { numeric.contains(index) ? "n" : "t" }
        self.columns = columns.enumerated().map { Column(columnHeading: $1, columnClass: kind($0)) }
        self.rows = rows.map { row in
            precondition(row.cells.count == columns.count, "a row has one cell per column")
            let cells = row.cells.enumerated().map { index, text in
                let short = isShortened ? Format.shortened(text) : nil
                return Cell(cellText: short ?? text, cellClass: kind(index), fullText: short == nil ? [] : [text])
            }
            return Row(rowClass: row.rowClass, rowHeading: cells[0], cells: Array(cells.dropFirst()))
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

extension Page.Figure {
    /// The widths that charts are drawn for; the page's style switches between the first two.
    static let fullWidth = 1104.0
    static let narrowWidth = 368.0
    static let smallWidth = 352.0

    /// A chart of the page's full width, laid out a second time for narrow screens.
    init(full chart: Chart, caption: String, numbers: [Table] = []) {
        self.init(
            charts: "<div class=\"wide\">\(chart.svg(width: Self.fullWidth))</div>"
                + "<div class=\"narrow\">\(chart.svg(width: Self.narrowWidth))</div>",
            figureCaption: caption, numbers: numbers)
    }

    /// A small chart, to stand in a grid.
    init(small chart: Chart, caption: String, numbers: [Table] = []) {
        self.init(charts: chart.svg(width: Self.smallWidth), figureCaption: caption, numbers: numbers)
    }
}
