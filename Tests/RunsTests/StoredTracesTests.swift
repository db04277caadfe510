import Foundation
import HDF5
import Tensors
import TestSupport
import Testing

@testable import Runs

@Suite struct StoredTracesTests {
    /// The loss that the plain files below hold at a place.
    private func loss(_ checkpoint: Int, _ chain: Int, _ draw: Int) -> Double {
        Double(100 * checkpoint + 10 * chain + draw)
    }

    /// A plain file of 2 checkpoints, 2 chains and 3 draws, without what `leavingOut` names.
    private func writePlain(
        _ path: String, leavingOut: Set<String> = [],
        _ more: (HDF5Writer) throws(HDF5Error) -> Void = { _ throws(HDF5Error) in }
    ) throws {
        var values: [Float] = []
        for checkpoint in 0..<2 {
            for chain in 0..<2 { for draw in 0..<3 { values.append(Float(loss(checkpoint, chain, draw))) } }
        }
        try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
            if !leavingOut.contains("loss") { try root.write("loss", Tensor(values, shape: [2, 2, 3])) }
            if !leavingOut.contains("steps") { try root.write("steps", Tensor([Int64(50), 0], shape: [2])) }
            if !leavingOut.contains("init_loss") { try root.write("init_loss", Tensor([0.5, 0.25], shape: [2])) }
            if !leavingOut.contains("nBeta") { try root.setAttribute("nBeta", .number(20)) }
            try more(root)
        }
    }

    /// What reading the file that `write` makes throws.
    private func error(_ write: (String) throws -> Void) throws -> RunError? {
        try withTemporaryFolder { folder in
            try write("\(folder)/traces.h5")
            return #expect(throws: RunError.self) { try StoredTraces(at: "\(folder)/traces.h5") }
        }
    }

    @Test func `a plain file is read by position and sorted by step`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/traces.h5"
            try writePlain(path) { root throws(HDF5Error) in
                try root.setAttribute("burn_in", .integer(1))
                try root.setAttribute("step_size", .number(0.001))
                try root.setAttribute("note", .text("by hand"))
            }
            let traces = try StoredTraces(at: path)
            #expect(traces.source == "HDF5 file" && traces.axis == .step && traces.nBeta == 20)
            #expect(traces.checkpoints.map(\.step) == [0, 50])
            #expect(traces.checkpoints[0].losses == (0..<2).map { chain in (0..<3).map { loss(1, chain, $0) } })
            #expect(traces.checkpoints.map(\.initialLosses) == [[0.25, 0.25], [0.5, 0.5]])
            #expect(traces.burnInCount == 1 && traces.drawCount == 2 && traces.chainCount == 2)
            #expect(traces.stepSize == 0.001 && traces.localization == nil)
            #expect(traces.stated == [.init(name: "note", value: "by hand")])
        }
    }

    @Test func `without init_loss and nBeta the error names both and says how to add them`() throws {
        let error = try #require(try error { try writePlain($0, leavingOut: ["init_loss", "nBeta"]) })
        #expect(error.kind == .notFound)
        for part in ["`init_loss`", "`nBeta`", "f['init_loss'] =", "f.attrs['nBeta'] =", "h5py.File"] {
            #expect(error.reason.contains(part), "\(part)")
        }
        for name in ["init_loss", "nBeta"] {
            let one = try #require(try self.error { try writePlain($0, leavingOut: [name]) })
            #expect(one.kind == .notFound && one.reason.contains("lacks `\(name)`"))
        }
    }

    @Test(arguments: ["nBeta", "n_beta", "nbeta"])
    func `nBeta is known by three names, as a dataset too`(name: String) throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/traces.h5"
            try writePlain(path, leavingOut: ["nBeta"]) { root throws(HDF5Error) in
                try root.write(name, Tensor([Int64(7)], shape: []))
            }
            #expect(try StoredTraces(at: path).nBeta == 7)
        }
    }

    @Test func `what is missing, contradicts itself or cannot be meant is said`() throws {
        func reason(_ kind: RunError.Kind, leavingOut: Set<String> = [], _ more: (HDF5Writer) throws(HDF5Error) -> Void)
            throws -> String
        {
            let error = try #require(try error { try writePlain($0, leavingOut: leavingOut, more) })
            #expect(error.kind == kind, "\(error)")
            return error.reason
        }
        #expect(try reason(.notFound, leavingOut: ["loss"]) { _ in }.contains("no loss per draw"))
        #expect(try reason(.notFound, leavingOut: ["steps"]) { _ in }.contains("f['steps'] ="))
        #expect(
            try reason(.mismatch, leavingOut: ["steps"]) { root throws(HDF5Error) in
                try root.write("steps", Tensor([Int64(1), 2, 3], shape: [3]))
            }.contains("expected 2 whole numbers"))
        #expect(
            try reason(.mismatch, leavingOut: ["steps"]) { root throws(HDF5Error) in
                try root.write("steps", Tensor([Int64(4), 4], shape: [2]))
            }.contains("two checkpoints have step 4"))
        #expect(
            try reason(.mismatch, leavingOut: ["init_loss"]) { root throws(HDF5Error) in
                try root.setAttribute("init_loss", .number(1))
            }.contains("one number per checkpoint"))
        #expect(
            try reason(.malformed, leavingOut: ["init_loss"]) { root throws(HDF5Error) in
                try root.write("init_loss", Tensor([1, Double.nan], shape: [2]))
            }.contains("not finite"))
        #expect(
            try reason(.mismatch) { root throws(HDF5Error) in try root.setAttribute("n_beta", .number(21)) }
                .contains("differs from"))
        #expect(
            try reason(.malformed, leavingOut: ["nBeta"]) { root throws(HDF5Error) in
                try root.setAttribute("nBeta", .number(0))
            }.contains("above zero"))
        #expect(
            try reason(.mismatch) { root throws(HDF5Error) in try root.setAttribute("burn_in", .integer(3)) }
                .contains("below 3"))
        #expect(
            try reason(.malformed, leavingOut: ["loss"]) { root throws(HDF5Error) in
                try root.write("loss", Tensor([Float](), shape: [2, 2, 0]))
            }.hasPrefix("holds no draws; expected a loss"))
        #expect(
            try reason(.mismatch, leavingOut: ["nBeta"]) { root throws(HDF5Error) in
                try root.setAttribute("nBeta", .text("many"))
            } == "expected a number, found \"many\"")
        #expect(
            try reason(.mismatch, leavingOut: ["nBeta"]) { root throws(HDF5Error) in
                try root.setAttribute("nBeta", .texts(["1", "2"]))
            } == "expected a number, found strings")
        #expect(
            try reason(.mismatch, leavingOut: ["loss", "steps", "init_loss"]) { root throws(HDF5Error) in
                for (name, count) in [("posterior", 2), ("warmup_posterior", 3)] {
                    let losses = Tensor([Float](repeating: 1, count: count), shape: [1, count])
                    try root.createGroup(name).write("loss", losses)
                }
                try root.setAttribute("init_loss", .number(1))
                try root.setAttribute("step", .integer(5))
                try root.setAttribute("burn_in", .integer(1))
            } == "is 1, and the file holds 3 draws of warm-up")
        #expect(
            try reason(.mismatch, leavingOut: ["loss"]) { root throws(HDF5Error) in
                try root.writeDimension("chain", count: 2)
                try root.writeDimension("sample", count: 3)
                try root.write("loss", Tensor([0.0, 1, 2, 3, 4, 5], shape: [2, 3]), dimensions: ["chain", "sample"])
            }.contains("found chain, sample"))
    }

    @Test func `an initial loss per chain is kept apart`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/traces.h5"
            try writePlain(path, leavingOut: ["init_loss"]) { root throws(HDF5Error) in
                try root.write("init_loss", Tensor([1.0, 2, 3, 4], shape: [2, 2]))
            }
            #expect(try StoredTraces(at: path).checkpoints.map(\.initialLosses) == [[3, 4], [1, 2]])
        }
    }

    @Test func `draws are kept as they are, NaN from where a chain ended`() throws {
        let traces = try StoredTraces(at: Fixture.url("traces/devinterp.h5").path())
        #expect(traces.source == "devinterp 2.0.1" && traces.nBeta == 80 && traces.burnInCount == 20)
        #expect(traces.stepSize == 0.002 && traces.localization == 10)
        #expect(traces.checkpoints.map(\.step) == [0, 20, 60, 400])
        #expect(traces.chainCount == 3 && traces.drawCount == 60)
        #expect(traces.checkpoints[0].losses.map { $0.firstIndex { !$0.isFinite } } == [nil, nil, 33])
        #expect(traces.stated.contains(.init(name: "sampling_method", value: "sgmcmc_sgld")))
    }

    @Test(arguments: ["arviz-0.23.nc", "arviz-1.nc"])
    func `ArviZ files give the draws they were made of, in any order of axes`(name: String) throws {
        let original = try StoredTraces(at: Fixture.url("traces/devinterp.h5").path())
        let traces = try StoredTraces(at: Fixture.url("traces/\(name)").path())
        #expect(traces.source == "devinterp 2.0.1" && traces.nBeta == 80)
        #expect(traces.burnInCount == 20 && traces.stepSize == nil)
        #expect(traces.checkpoints == Array(original.checkpoints.dropFirst()))
    }

    @Test func `as many chains as draws are told apart by name`() throws {
        let original = try StoredTraces(at: Fixture.url("traces/devinterp.h5").path()).checkpoints.dropFirst()
        let traces = try StoredTraces(at: Fixture.url("traces/as-many-chains-as-draws.nc").path())
        #expect(traces.checkpoints.map(\.losses) == original.map { $0.losses.map { Array($0[20..<23]) } })
    }

    @Test func `a directory has one file per checkpoint, its name telling the step`() throws {
        let original = try StoredTraces(at: Fixture.url("traces/devinterp.h5").path()).checkpoints.dropFirst().prefix(2)
        let path = try Fixture.url("traces/series").path()
        let traces = try StoredTraces(at: path)
        #expect(traces.checkpoints.map(\.step) == [20, 60] && traces.burnInCount == 0)
        #expect(traces.checkpoints.map(\.losses) == original.map { $0.losses.map { Array($0[20...]) } })
        #expect(traces.checkpoints.map(\.initialLosses) == original.map(\.initialLosses))
        try withTemporaryFolder { folder in
            for name in ["step_00020.nc", "step_00060.nc"] {
                try FileManager.default.copyItem(atPath: "\(path)/\(name)", toPath: "\(folder)/\(name)")
            }
            try writePlain("\(folder)/other.h5")
            let error = #expect(throws: RunError.self) { try StoredTraces(at: folder) }
            #expect(error?.kind == .mismatch && error?.reason.contains("nBeta is") == true)
        }
    }

    @Test func `a posterior with a log density alone is told that it is no loss`() throws {
        let error = try #require(
            try error { path in
                try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
                    let group = try root.createGroup("sample_stats")
                    try group.write("lp", Tensor([1.0, 2], shape: [1, 2]))
                }
            })
        #expect(error.kind == .notFound && error.reason.contains("`lp` is no loss"))
    }

    @Test func `measurements of our own are known as such`() throws {
        let error = try #require(
            try error { try writePlain($0) { root throws(HDF5Error) in _ = try root.createGroup("instar") } })
        #expect(error.kind == .mismatch && error.reason.contains("the run's directory"))
    }

    @Test func `traces, runs and Zarr stores are told apart`() throws {
        #expect(StoredTraces.isTraces(at: try Fixture.url("traces/devinterp.h5").path()))
        #expect(StoredTraces.isTraces(at: try Fixture.url("traces/series").path()))
        for run in ["runs/tms-seed-A", "hdf5/flat", "hdf5/stacked_uneven.h5/.."] {
            let url = Fixture.root?.appending(path: "Fixtures/\(run)")
            #expect(!StoredTraces.isTraces(at: url?.path() ?? ""), "\(run)")
        }
        #expect(!StoredTraces.isTraces(at: "/no/such/path"))
        // A table is none, nor another part of a run; what is called as such a file is read as one, and says what is wrong.
        #expect(!StoredTraces.isTraces(at: try Fixture.url("runs/tms-seed-A/kgons.csv").path()))
        #expect(!StoredTraces.isTraces(at: try Fixture.url("runs/tms-seed-A/model.onnx").path()))
        #expect(StoredTraces.isTraces(at: try Fixture.url("runs/tms-seed-A/data.h5").path()))
        try withTemporaryFolder { folder in
            let store = "\(folder)/0.zarr"
            try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
            try Data("{}".utf8).write(to: URL(filePath: "\(store)/zarr.json"))
            for path in [store, folder] {
                #expect(StoredTraces.isTraces(at: path))
                let error = #expect(throws: RunError.self) { try StoredTraces(at: path) }
                #expect(error?.reason.contains("convert-devinterp") == true)
            }
        }
    }

    @Test func `a folder without traces, and one that cannot be listed, are told apart`() throws {
        try withTemporaryFolder { folder in
            let empty = #expect(throws: RunError.self) { try StoredTraces(at: folder) }
            #expect(empty?.kind == .notFound && empty?.path == folder)
            #expect(empty?.reason == "holds no stored traces; expected *.h5, *.hdf5 or *.nc files")
            #expect(chmod(folder, 0o311) == 0)
            defer { chmod(folder, 0o755) }
            let closed = #expect(throws: RunError.self) { try boundByPermissions { try StoredTraces(at: folder) } }
            #expect(closed?.kind == .io && closed?.path == folder)
            #expect(
                closed?.reason.contains(/^cannot be listed: .*; check its permissions$/) == true,
                "\(closed?.reason ?? "")")
        }
    }

    @Test func `a file that ArviZ wrote without a loss is refused for that`() throws {
        guard let url = Fixture.sharedData("arviz/az_written.nc") else { return }
        let error = #expect(throws: RunError.self) { try StoredTraces(at: url.path()) }
        #expect(error?.kind == .notFound && error?.reason.contains("no loss per draw") == true)
    }
}
