import Foundation
import HDF5
import TestSupport
import Tensors
import Testing

@testable import Runs

@Suite struct SeriesFileTests {
    private func read(
        _ text: String, _ name: String = "series.csv", columns: [SeriesFile.Role: String] = [:]
    ) throws -> SeriesFile {
        try withTemporaryFolder { folder in
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            return try SeriesFile(at: "\(folder)/\(name)", columns: columns)
        }
    }

    private func readHDF5(
        _ datasets: [(name: String, values: [Double])], columns: [SeriesFile.Role: String] = [:]
    ) throws -> SeriesFile {
        try withTemporaryFolder { folder in
            let path = "\(folder)/series.h5"
            try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
                for (name, values) in datasets { try root.write(name, Tensor(values, shape: [values.count])) }
                // Neither is a series.
                try root.write("matrix", Tensor([1.0, 2, 3, 4], shape: [2, 2]))
                _ = try root.createGroup("more")
            }
            return try SeriesFile(at: path, columns: columns)
        }
    }

    private func expectError(
        _ kind: RunError.Kind, _ words: String, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () throws -> SeriesFile
    ) {
        let error = #expect(throws: RunError.self, sourceLocation: sourceLocation) { try body() }
        #expect(error?.kind == kind, sourceLocation: sourceLocation)
        #expect(
            error?.description.contains(words) == true, "\(error?.description ?? "")", sourceLocation: sourceLocation)
    }

    // MARK: Columns

    @Test func `columns are told by their names`() throws {
        let file = try read("step,llc,llc_error,loss,norm\n0,1,0.1,3,7\n10,2,0.2,2,8\n")
        #expect(file.axis == .step)
        #expect(file.llc == MetricSeries(name: "llc", steps: [0, 10], values: [1, 2]))
        #expect(file.llcErrors?.values == [0.1, 0.2] && file.loss?.values == [3, 2])
        #expect(file.others == [MetricSeries(name: "norm", steps: [0, 10], values: [7, 8])])
        #expect(file.notes.isEmpty)
    }

    @Test func `llc_mean and test_loss are recognised, and llc_std is never an error`() throws {
        let file = try read("step,llc_mean,llc_std,test_loss\n0,1,0.1,3\n")
        #expect(file.llc?.name == "llc_mean" && file.loss?.name == "test_loss")
        #expect(file.llcErrors == nil && file.others.isEmpty)
        #expect(file.notes.contains { $0.contains("llc_std") && $0.contains("llc_error=NAME") })
    }

    @Test func `a spread stated to be an error is one`() throws {
        let file = try read("step,llc_mean,llc_std\n0,1,0.1\n", columns: [.llcError: "llc_std"])
        #expect(file.llcErrors?.values == [0.1] && file.notes.isEmpty)
    }

    @Test func `mapped columns win over usual names`() throws {
        let file = try read(
            "iteration,mine,sigma,L,loss,step\n5,1,0.1,3,9,0\n",
            columns: [.step: "iteration", .llc: "mine", .llcError: "sigma", .loss: "L"])
        #expect(file.llc == MetricSeries(name: "mine", steps: [5], values: [1]))
        #expect(file.llcErrors?.values == [0.1] && file.loss?.values == [3])
        #expect(file.others.map(\.name) == ["loss", "step"])
    }

    @Test func `a column mapped to one thing is not taken for another by its name`() throws {
        let file = try read("step,llc,lambda\n0,1,2\n", columns: [.loss: "llc"])
        #expect(file.loss?.values == [1] && file.llc?.values == [2])
    }

    @Test func `of two columns of errors the second is no witness`() throws {
        let file = try read("step,llc,llc_se,llc_mcse\n0,1,0.1,0.2\n")
        #expect(file.llcErrors?.name == "llc_se" && file.others.isEmpty)
        #expect(file.notes.contains { $0.contains("llc_mcse") })
    }

    @Test func `errors without what they are the errors of are left out with a note`() throws {
        let file = try read("step,llc_error,norm\n0,0.1,2\n")
        #expect(file.llc == nil && file.others.map(\.name) == ["norm"])
        #expect(file.notes.contains { $0.contains("llc_error left out") })
    }

    @Test func `a column cannot be two things`() {
        expectError(.mismatch, "`llc` and `loss`") {
            try read("step,a\n0,1\n", columns: [.llc: "a", .loss: "a"])
        }
    }

    @Test func `a stated column that is missing is answered with those there are`() {
        expectError(.mismatch, "there are llc, loss") { try read("step,llc,loss\n0,1,2\n", columns: [.llc: "lambda"]) }
        expectError(.malformed, "found step, llc") { try read("step,llc\n0,1\n", columns: [.step: "iteration"]) }
    }

    @Test func `without a column of steps it says what is there and how to map it`() {
        expectError(.malformed, "`step`, found iteration, llc; if it has another name") {
            try read("iteration,llc\n0,1\n")
        }
    }

    @Test func `epochs count where there are no steps`() throws {
        #expect(try read("epoch,llc\n1,2\n").axis == .epoch)
        let both = try read("epoch,step,llc\n1,100,2\n")
        #expect(both.axis == .step && both.others.map(\.name) == ["epoch"])
    }

    @Test func `a faulty column of steps is not passed over for epochs`() {
        expectError(.malformed, "line 2") { try read("step,epoch,llc\nx,1,2\n") }
    }

    // MARK: Rows

    @Test(arguments: [
        "\u{FEFF}step,llc,loss\n0,1.5,3\n10,2.5,2\n", "step;llc;loss\n0;1,5;3\n10;2,5;2\n",
        "step;llc;loss\n0;1.5;3\n10;2.5;2\n", "step\tllc\tloss\r\n0\t1.5\t3\r\n10\t2.5\t2\r\n",
        "step\tllc\tloss\n0\t1,5\t3\n10\t2,5\t2\n", "step;\"llc\";loss\n0,0;1,5;3\n1e1;2,5;2",
        "step, llc, loss\r0, 1.5, 3\r10, 2.5, 2\r",
        "step,llc,loss\n10,2.5,2\n\n0,1.5,3\n", "step,llc,loss\n0,9,9\n10,2.5,2\n0,1.5,3\n",
    ])
    func `a mark of byte order, other separators, line ends and orders of rows change nothing`(text: String) throws {
        let file = try read(text)
        #expect(file.llc == MetricSeries(name: "llc", steps: [0, 10], values: [1.5, 2.5]))
        #expect(file.loss?.values == [3, 2])
    }

    @Test func `of repeated steps the later row counts, with a note`() throws {
        let file = try read("step,llc\n0,1\n0,2\n")
        #expect(file.llc?.values == [2])
        #expect(file.notes == ["series.csv: values of llc replaced by later ones at the same step: 1"])
    }

    @Test func `gaps and values that are not finite are left out, each series by itself`() throws {
        let file = try read("step,llc,llc_error,loss\n0,nan,0.1,3\n10,2,,inf\n20,,0.3,1\n30,4\n")
        #expect(file.llc?.steps == [10, 30] && file.llcErrors?.steps == [0, 20] && file.loss?.steps == [0, 20])
        #expect(file.notes.count == 3)
        #expect(file.notes[0].hasPrefix("series.csv: rows with fewer cells than the header"))
    }

    @Test func `errors of zero are unknown, with a note`() throws {
        let file = try read("step,llc,llc_error\n0,1,0\n10,2,0.2\n20,3,0\n")
        #expect(file.llcErrors == MetricSeries(name: "llc_error", steps: [10], values: [0.2]))
        #expect(file.llc?.steps == [0, 10, 20])
        #expect(file.notes == ["standard errors of zero are taken as unknown: 2"])
    }

    @Test(arguments: [
        ("step,llc,llc_error\n0,1,0.1\n10,2,-0.1\n", "standard error at step 10 is -0.1"),
        ("step,llc\n-10,1\n0,2\n", "step -10 is negative"), ("epoch,llc\n-1,1\n", "epoch -1 is negative"),
        ("", "is empty"), (" \n\n", "is empty"), ("step,llc\n", "holds no numbers beside its column `step`"),
        ("step\n0\n1\n", "holds no numbers"), ("step,llc\n0,many\n1,few\n", "holds no numbers"),
        ("step,llc\nfirst,1\n", "found \"first\""), ("step,llc\n0.5,1\n", "line 2: expected a whole number"),
        ("step,llc\n,1\n", "found \"\""), ("step,llc\n0,1,2\n", "line 2: has 3 cells, the header has 2"),
        ("step,llc,llc\n0,1,2\n", "two columns are called `llc`"), ("step,llc\nnan,1\n", "found \"nan\""),
        ("step,llc\n9223372036854775807,1\n", "at most 10¹⁴"), ("step,llc\n9223372036854775808,1\n", "at most 10¹⁴"),
        ("step,llc\n1e300,1\n", "at most 10¹⁴"), ("step,llc\n-9223372036854775808,1\n", "at most 10¹⁴"),
        ("step llc\n0 1\n", "found step llc"),
    ])
    func `what cannot be meant is refused with its place`(text: String, words: String) {
        expectError(.malformed, words) { try read(text) }
    }

    @Test func `the greatest step is told from its neighbour on the axis of log(t + 1)`() throws {
        let file = try read("step,llc\n99999999999999,1\n100000000000000,2\n")
        let steps = try #require(file.llc?.steps)
        #expect(steps.count == 2 && log1p(Double(steps[0])) < log1p(Double(steps[1])))
    }

    @Test func `bytes that are no text are refused`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/series.csv"
            try Data([0xFF, 0xFE, 0x73, 0x00]).write(to: URL(fileURLWithPath: path))
            expectError(.malformed, "UTF-8") { try SeriesFile(at: path) }
        }
    }

    @Test func `a missing file is not found`() {
        expectError(.notFound, "gone.csv") { try SeriesFile(at: "/gone.csv") }
    }

    @Test func `JSON lines read the same`() throws {
        let file = try read("{\"epoch\": 0, \"llc\": 1}\n{\"epoch\": 1, \"llc\": NaN, \"norm\": 2}\n", "series.jsonl")
        #expect(file.axis == .epoch && file.llc?.steps == [0] && file.others.map(\.name) == ["norm"])
        expectError(.malformed, "at most 10¹⁴") { try read("{\"step\": 1e30, \"llc\": 1}\n", "series.jsonl") }
        expectError(.malformed, "holds no numbers") { try read("", "series.jsonl") }
    }

    // MARK: HDF5

    @Test func `one-dimensional datasets of HDF5 are columns, and all else is passed over`() throws {
        let file = try readHDF5([
            ("step", [10, 0]), ("llc", [2, 1]), ("llc_error", [0.2, 0.1]), ("test_loss", [2, .nan]), ("norm", [8, 7]),
        ])
        #expect(file.llc == MetricSeries(name: "llc", steps: [0, 10], values: [1, 2]))
        #expect(file.llcErrors?.values == [0.1, 0.2])
        #expect(file.loss == MetricSeries(name: "test_loss", steps: [10], values: [2]))
        #expect(file.others.map(\.name) == ["norm"] && file.notes.count == 1)
    }

    @Test func `datasets of different lengths are refused by name`() {
        expectError(.mismatch, "llc: has 2 numbers where `step` has 3") {
            try readHDF5([("step", [0, 1, 2]), ("llc", [1, 2])])
        }
    }

    @Test func `HDF5 without steps, numbers or whole steps is refused`() {
        expectError(.malformed, "`step` of numbers, found llc") { try readHDF5([("llc", [1, 2])]) }
        expectError(.malformed, "`when` of numbers, found llc") {
            try readHDF5([("llc", [1])], columns: [.step: "when"])
        }
        expectError(.malformed, "found none") { try readHDF5([]) }
        expectError(.malformed, "holds no numbers") { try readHDF5([("step", [0, 1])]) }
        expectError(.malformed, "found 0.5") { try readHDF5([("step", [0, 0.5]), ("llc", [1, 2])]) }
        expectError(.malformed, "found nan") { try readHDF5([("step", [0, .nan]), ("llc", [1, 2])]) }
        expectError(.malformed, "found 1e+30") { try readHDF5([("step", [0, 1e30]), ("llc", [1, 2])]) }
    }
}
