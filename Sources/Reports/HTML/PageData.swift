import Foundation

/// What the page's script works with: the numbers of its charts and what checkpoints can be drawn over.
struct PageData: Sendable, Encodable {
    /// A quantity that grows with the training, such as tokens seen.
    struct Axis: Sendable, Encodable {
        var name: String
        /// Steps, ascending.
        var steps: [Double]
        /// One value per step, ascending.
        var values: [Double]
    }

    /// What a checkpoint's number is called: "step" or "epoch".
    var word: String
    var axes: [Axis]
    /// The steps of most readings, which leave them out.
    private(set) var steps: [Double]
    /// By the charts' identifiers.
    private(set) var charts: [String: ChartData]

    init(word: String, axes: [Axis], charts: [String: ChartData]) {
        self.word = word
        self.axes = axes
        let all = charts.values.flatMap { $0.panels.flatMap { $0.readings.compactMap(\.steps) } }
        let counts = Dictionary(all.map { ($0, 1) }, uniquingKeysWith: +)
        steps = counts.max { ($0.value, $0.key.count) < ($1.value, $1.key.count) }?.key ?? []
        self.charts = charts
        for (name, chart) in charts {
            for (place, panel) in chart.panels.enumerated() {
                for (index, reading) in panel.readings.enumerated() where reading.steps == steps {
                    self.charts[name]?.panels[place].readings[index].steps = nil
                }
            }
        }
    }

    /// The data as JSON that no markup can end early, whatever names it holds.
    func markup() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let text = String(decoding: try encoder.encode(self), as: UTF8.self)
        return text.replacing("<", with: "\\u003c").replacing(">", with: "\\u003e").replacing("&", with: "\\u0026")
    }
}

/// The numbers of a chart.
struct ChartData: Sendable, Encodable {
    struct Panel: Sendable, Encodable {
        var label: String
        /// Whether each reading is a row of its own, as in a heat map.
        var isRows: Bool
        var readings: [Reading]
    }

    struct Reading: Sendable, Encodable {
        var name: String
        var key: String
        /// Nil where they are those of the page.
        var steps: [Double]?
        var x: [Nullable]?
        var values: [Nullable]
        var errors: [Nullable]?
        var notes: [Int: String]?
    }

    var kind: String
    /// What the horizontal axis shows.
    var label: String
    var panels: [Panel]

    init(_ chart: Chart) {
        kind = chart.horizontal.kind.rawValue
        label = chart.horizontal.label
        panels = chart.panels.map { panel in
            var isRows = false
            if case .rows = panel.vertical { isRows = true }
            return Panel(
                label: panel.label, isRows: isRows,
                readings: panel.readings.map { reading in
                    Reading(
                        name: reading.name, key: reading.key, steps: reading.steps, x: reading.x?.map { Nullable($0) },
                        values: reading.values.map(Nullable.init), errors: reading.errors?.map(Nullable.init),
                        notes: reading.notes.isEmpty ? nil : reading.notes)
                })
        }
    }
}
