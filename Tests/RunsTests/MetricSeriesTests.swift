import Foundation
import Runs
import TestSupport
import Testing

@Suite struct MetricSeriesTests {
    private func read(
        _ text: String, _ name: String = "metrics.csv", axis: CheckpointSeries.Axis = .step, mayGrow: Bool = false
    ) throws -> (series: [MetricSeries], notes: [String]) {
        try withTemporaryFolder { folder in
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            return try MetricSeries.read("\(folder)/\(name)", axis: axis, mayGrow: mayGrow)
        }
    }

    @Test func `columns become series; blanks are left out, other words with a note`() throws {
        let (series, notes) = try read(
            "\u{FEFF}step,loss,\"accuracy, top 1\",note\r\n10,0.5,,\r\n0,1.5,0.25,warm\r\n\r\n20,nan,0.75,\r\n")
        #expect(series.map(\.name) == ["loss", "accuracy, top 1"])
        #expect(series[0].steps == [0, 10])
        #expect(series[0].values == [1.5, 0.5])
        #expect(series[1].steps == [0, 20])
        #expect(series[1].values == [0.25, 0.75])
        #expect(notes.count == 2)
    }

    @Test func `short rows are counted, and numbers of other languages are none`() throws {
        let (series, notes) = try read("step,loss,rate\n0,1.5,0x10\n10,1\n20,0.5,1e-3\n")
        #expect(series.map(\.name) == ["loss", "rate"])
        #expect(series[0].values == [1.5, 1, 0.5] && series[1].steps == [20])
        #expect(
            notes == [
                "metrics.csv: rows with fewer cells than the header, whose missing ones count as blank: 1",
                "metrics.csv: cells of rate that are not finite numbers: 1",
            ])
        let error = #expect(throws: RunError.self) { try read("step,loss\n0x10,1.5\n20,1\n") }
        #expect(error?.kind == .malformed && error?.reason.contains("as step, found \"0x10\"") == true)
    }

    /// As pandas and Python's csv write them (RFC 4180, section 2).
    @Test func `line breaks and quotes within a quoted cell are part of it`() throws {
        let note = "restart\n2048,99,see log"
        let (series, notes) = try read(
            "step,llc,note\n0,5,\"\(note)\"\n10,6,\"a \"\"b\"\", c\"\r\n20,7,5\" wide\n30,8,\u{2028}x\n")
        #expect(
            series.map(\.name) == ["llc"] && series[0].steps == [0, 10, 20, 30] && series[0].values == [5, 6, 7, 8])
        #expect(notes == ["metrics.csv: cells of note that are not finite numbers: 4"])
        let open = #expect(throws: RunError.self) { try read("step,llc,note\n0,5,\"never\n10,6,closed\n20,7,x\n") }
        #expect(
            open?.kind == .malformed && open?.reason.contains("line 2: a quote is opened here and never closed") == true
        )
        // On the last line it may only have been cut short.
        #expect(try read("step,llc,note\n0,5,a\n10,6,\"b").series[0].steps == [0])
        #expect(
            try read("{\"step\": 0, \"llc\": 5, \"note\": \"a\u{2028}b\u{85}c\"}\n", "m.jsonl").series[0].values == [5])
    }

    /// A file whose end a failing disk filled with zeros.
    @Test func `a number does not end at a byte of zero`() throws {
        let (series, notes) = try read("step,llc\n0,5.5\n10,11.\0\0\0\n20,6\n")
        #expect(series[0].steps == [0, 20] && notes == ["metrics.csv: cells of llc that are not finite numbers: 1"])
        let error = #expect(throws: RunError.self) { try read("step,llc\n1\u{0}999,5.5\n") }
        #expect(error?.kind == .malformed)
    }

    @Test func `JSON lines read the same`() throws {
        let (series, notes) = try read(
            "{\"step\": 0, \"loss\": 1.5}\n\n{\"step\": 10, \"loss\": null, \"rate\": 1e-3}\n{\"step\": 10, \"rate\": 2e-3}\n",
            "metrics.jsonl")
        #expect(series.map(\.name) == ["loss", "rate"])
        #expect(series[0].values == [1.5])
        #expect(series[1].steps == [10])
        #expect(series[1].values == [2e-3])
        #expect(notes == ["metrics.jsonl: values of rate replaced by later ones at the same step: 1"])
    }

    @Test func `the words that Python writes for numbers that are not finite are left out with a note`() throws {
        let (series, notes) = try read(
            """
            {"step": 0, "loss": NaN, "rate": 1}
            {"step": 1, "loss": 2.5, "rate": Infinity}
            {"step": 2, "loss": -Infinity, "NaN": 0.5}

            """, "metrics.jsonl")
        #expect(series.map(\.name) == ["loss", "rate", "NaN"])
        #expect(series.map(\.values) == [[2.5], [1], [0.5]])
        #expect(
            notes == [
                "metrics.jsonl: cells of loss that are not finite numbers: 2",
                "metrics.jsonl: cells of rate that are not finite numbers: 1",
            ])
    }

    @Test(arguments: ["{", "{\"step\": 1, \"lo", "{\"step\": 1, \"loss\": N"])
    func `a last line cut short is left out with a note`(rest: String) throws {
        let (series, notes) = try read("{\"step\": 0, \"loss\": 1.5}\n" + rest, "metrics.jsonl")
        #expect(series.map(\.steps) == [[0]])
        #expect(notes == ["metrics.jsonl: the last line is cut short and left out"])
    }

    @Test func `epochs count where the checkpoints do`() throws {
        #expect(try read("epoch,loss\n1,2\n", axis: .epoch).series.map(\.steps) == [[1]])
    }

    @Test(arguments: [
        ("metrics.csv", "iteration,loss\n1,2\n", "`step`"), ("metrics.csv", "step,loss\n1.5,2\n", "line 2"),
        ("metrics.csv", "step,loss\n1,2,3\n", "3 cells"), ("metrics.jsonl", "{\"loss\": 1}\n", "`step`"),
        ("metrics.jsonl", "{\"step\": 1}\nnot json\n", "line 2"),
        ("metrics.jsonl", "{\"step\": 1, \"lo\n{\"step\": 2}", "line 1"),
    ])
    func `a fault names the line`(name: String, text: String, words: String) {
        let error = #expect(throws: RunError.self) { try read(text, name) }
        #expect(error?.kind == .malformed)
        #expect(error?.reason.contains(words) == true, "\(error?.reason ?? "")")
    }

    @Test func `the end of a table that is being written is left out with a note`() throws {
        let note = "metrics.csv: the last line is cut short and left out"
        for (text, count) in [
            ("step,loss\n0,1\n10,0.5\n20,0.4", 2), ("step,loss\n0,1\n10", 1), ("loss,step\n1,0\n0.5", 1),
        ] {
            let (series, notes) = try read(text, mayGrow: true)
            #expect(series[0].steps.count == count && notes == [note], "\(text)")
        }
        // With its line break the line is whole.
        let (whole, notes) = try read("step,loss\n0,1\n10,0.5\n", mayGrow: true)
        #expect(whole[0].values == [1, 0.5] && notes.isEmpty)
        // So it is where nobody has written for long.
        try withTemporaryFolder { folder in
            let path = "\(folder)/metrics.csv"
            try Data("step,loss\n0,1\n10,0.5".utf8).write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 0)], ofItemAtPath: path)
            let (old, notes) = try MetricSeries.read(path, axis: .step, mayGrow: true)
            #expect(old[0].values == [1, 0.5] && notes.isEmpty)
        }
    }
}
