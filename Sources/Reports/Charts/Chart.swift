/// A chart as data: panels on top of each other that share a horizontal axis and the marks of stages.
///
/// `svg(width:)` draws it; what it draws depends on nothing else.
struct Chart: Sendable {
    /// The horizontal axis.
    struct Axis: Sendable {
        /// What the values along the axis are, and so what a reader's choice of axis, zoom and cursor act on.
        enum Kind: String, Sendable {
            /// Checkpoints, by step: all such charts of a page follow one axis, one zoom and one cursor.
            case checkpoints
            /// A plane whose points belong to checkpoints: it follows the cursor.
            case plane
            /// Something else, such as draws.
            case own
        }
        var label: String
        var scale: Scale
        var kind = Kind.own
    }

    /// The numbers of one series of a panel: what hovering shows, what the chart's CSV and its table hold.
    struct Reading: Sendable {
        /// What the column is called.
        var name: String
        /// The series' key in the legend (`SeriesStyle.key`); empty where it cannot be switched.
        var key = ""
        /// The checkpoints; on an axis of kind `own`, the values along it.
        var steps: [Double]
        /// The horizontal coordinates in a plane; nil elsewhere.
        var x: [Double]?
        /// One value per step; nil where there is none.
        var values: [Double?]
        /// The standard error of each; nil for numbers without.
        var errors: [Double?]?
        /// What speaks against single values, by index.
        var notes: [Int: String] = [:]
    }

    /// What a panel's vertical axis is.
    enum Vertical: Sendable {
        case scale(Scale)
        /// One row per name, the first on top.
        case rows([String])
    }

    /// One plotting area.
    struct Panel: Sendable {
        /// What the vertical axis shows, with its unit.
        var label: String
        var vertical: Vertical
        /// The height of the plotting area in pixels.
        var height: Double
        var marks: [Mark]
        var readings: [Reading] = []
    }

    /// Unique in its page, e.g. "course"; names its downloads and its part of the page's state.
    var identifier: String
    /// What the chart shows; becomes the SVG's title.
    var title: String
    /// What a reader who cannot see it should know.
    var summary: String
    var horizontal: Axis
    var panels: [Panel]
    /// Stages and their boundaries, drawn behind every panel.
    var stages = StageMarks()
    var legend: [LegendEntry] = []
    /// Whether one unit is as long upwards as sideways, as curvature needs; for charts of one panel.
    var hasEqualUnits = false
}

/// Something drawn in a panel. Points that are not finite are left out; a line has a gap there.
enum Mark: Sendable {
    /// A line through points in order.
    case line([Point], SeriesStyle)
    /// The area between two curves over the same x.
    case band(x: [Double], lower: [Double], upper: [Double], SeriesStyle)
    /// A marker at each point, with an error bar where it has an interval.
    case markers([Marker], SeriesStyle)
    /// A shaded span of x over the panel's whole height.
    case span(ClosedRange<Double>)
    /// A horizontal line.
    case level(Double)
    /// Text beside a point; it goes with the series of the key.
    case note(Point, String, key: String = "")
    /// A place with its interval along a row of a panel of rows.
    case rowInterval(ClosedRange<Double>, at: Double, row: Int, SeriesStyle)
    /// Cells of a heat map.
    case cells([Cell])
    /// Cells of a heat map with their numbers in them.
    case tiles([Tile])

    /// A place in the plane.
    struct Point: Sendable {
        var x: Double
        var y: Double
    }

    /// A measured point.
    struct Marker: Sendable {
        var x: Double
        /// Nil for a value that could not be computed: the marker then stands on the lower edge.
        var y: Double?
        var interval: ClosedRange<Double>?
        var quality: Quality
    }

    /// Whether a point may be believed.
    enum Quality: Sendable {
        case sound, doubtful, unusable
    }

    /// A rectangle of a heat map; `level` counts from 0 to 7.
    struct Cell: Sendable {
        var x: ClosedRange<Double>
        var row: Int
        var level: Int
    }

    /// A rectangle of a heat map with words in it; hatched where a letter says what is wrong, framed where it was chosen.
    struct Tile: Sendable {
        var x: ClosedRange<Double>
        var row: Int
        /// From 0 to 7; nil for a rectangle without a value.
        var level: Int?
        var label: String
        var letter: String?
        var isChosen: Bool
        var tooltip: String
    }
}

/// Colour, dash and marker of a series, told apart by all three.
struct SeriesStyle: Sendable {
    /// How much a series stands out.
    enum Role: String, Sendable {
        case main
        /// Thinner and paler, behind what matters.
        case faint
        /// Thin and solid, for lines that lie on top of each other.
        case thin
        /// The centres of curvature of a path; the page lets the reader hide it.
        case evolute
    }

    /// The index of the series. There are six colours and six dashes and markers; with each six series the dashes move on
    /// by one, so that 36 series differ in one of the two.
    var index: Int
    var role = Role.main
    /// What the reader switches on and off: marks of one key go together, throughout a page. Empty: always on.
    var key = ""

    /// The CSS classes that carry colour and dash.
    var styleClass: String {
        let classes = "c\(index % 6) d\(shape)"
        return role == .main ? classes : "\(classes) \(role.rawValue)"
    }

    /// Whether the marker is a disc.
    var isRound: Bool { shape == 0 }

    private var shape: Int { (index + index / 6) % 6 }

    /// A closed path around the current point, in relative commands only, so that moving its start moves it whole.
    func markerPath(radius r: Double) -> String {
        switch shape {
        case 0:
            "m\(coordinate(-r)) 0a\(coordinate(r)) \(coordinate(r)) 0 1 0 \(coordinate(2 * r)) 0"
                + "a\(coordinate(r)) \(coordinate(r)) 0 1 0 \(coordinate(-2 * r)) 0z"
        case 1: polygon([(-r, -r), (r, -r), (r, r), (-r, r)])
        case 2: polygon([(0, -1.2 * r), (1.1 * r, r), (-1.1 * r, r)])
        case 3: polygon([(0, -1.3 * r), (1.3 * r, 0), (0, 1.3 * r), (-1.3 * r, 0)])
        case 4: polygon([(0, 1.2 * r), (1.1 * r, -r), (-1.1 * r, -r)])
        default: polygon([(-1.2 * r, -0.6 * r), (1.2 * r, -0.6 * r), (1.2 * r, 0.6 * r), (-1.2 * r, 0.6 * r)])
        }
    }

    private func polygon(_ corners: [(x: Double, y: Double)]) -> String {
        let sides = zip(corners, corners.dropFirst()).map { "l\(coordinate($1.x - $0.x)) \(coordinate($1.y - $0.y))" }
        return "m\(coordinate(corners[0].x)) \(coordinate(corners[0].y))" + sides.joined() + "z"
    }
}

/// A line of the legend.
struct LegendEntry: Sendable {
    /// What stands before the words.
    enum Symbol: Sendable {
        /// A line with the markers on it.
        case series(SeriesStyle)
        case line(SeriesStyle)
        case marker(SeriesStyle, Mark.Quality)
        case band(SeriesStyle)
        case boundary
        case heat(level: Int)
    }
    var symbol: Symbol
    var label: String

    /// The key of the series that the entry names; empty where it names none.
    var key: String {
        switch symbol {
        case .series(let style), .line(let style), .marker(let style, _), .band(let style): style.key
        case .boundary, .heat: ""
        }
    }
}

/// Boundaries and stages as the charts show them.
struct StageMarks: Sendable {
    /// One boundary, with the interval of its position.
    struct Edge: Sendable {
        var step: Double
        var interval: ClosedRange<Double>
        var label: String
    }
    /// One stage.
    struct Span: Sendable {
        var range: ClosedRange<Double>
        /// Shown where it fits; else `shortLabel`.
        var label: String
        var shortLabel: String
    }
    var edges: [Edge] = []
    var spans: [Span] = []
    var isEmpty: Bool { edges.isEmpty }
}
