import Foundation
import Runs
import Testing

@testable import Pipeline

@Suite struct MemoryNeedTests {
    @Test func `as many workers as fit are used, and one that does not fit is refused`() throws {
        let need = MemoryNeed(phases: [
            .init(name: "one", shared: 100, perWorker: 50), .init(name: "other", shared: 180, perWorker: 0),
        ])
        #expect(need.total(workers: 1) == 180 && need.total(workers: 2) == 200)
        #expect(try need.workers(wanted: 8, limit: 1_000) == 8)
        #expect(try need.workers(wanted: 8, limit: 349) == 4)
        #expect(try need.workers(wanted: 8, limit: 180) == 1)
        // OpenBLAS takes address space for each.
        let space = 180 + 3 * (addressSpacePerWorker + 50)
        #expect(try need.workers(wanted: 8, limit: 1_000, addressSpace: space) == 3)
        let narrow = #expect(throws: Failure.self) {
            try need.workers(wanted: 8, limit: 1_000, addressSpace: addressSpacePerWorker)
        }
        #expect(narrow?.kind == .io)
        let error = #expect(throws: Failure.self) { try need.workers(wanted: 1, limit: 179) }
        #expect(error?.kind == .unsupported && error?.reason.contains("--memory") == true)
    }

    @Test func `a share takes what its own units take, and nothing for gathering`() throws {
        let run = try RunCopy()
        let work = try prepareWork(
            RunDirectory(at: run.path), options: run.quick, store: MeasurementStore(run: run.path, output: nil))
        let (whole, share) = (try work.memoryNeed(), try work.memoryNeed(isShare: true))
        #expect(share.phases.map(\.name) == ["surveying", "settings", "sampling"])
        #expect(share.phases[0] == whole.phases[0])
        #expect(share.phases[2].total(workers: 2) < whole.phases[2].total(workers: 2))
    }

    @Test func `the memory changes no byte of the results`() async throws {
        let run = try RunCopy()
        _ = try await measure(RunDirectory(at: run.path), options: run.quick)
        let work = try prepareWork(
            RunDirectory(at: run.path), options: run.quick, store: MeasurementStore(run: run.path, output: nil))
        let need = try work.memoryNeed()
        var options = run.quick
        options.output = "\(run.path)/elsewhere"
        options.jobs = 3
        options.memory = need.total(workers: 1)
        #expect(try work.jobCount(options) == 1)
        _ = try await measure(RunDirectory(at: run.path), options: options)
        #expect(
            FileManager.default.contentsEqual(
                atPath: "\(run.path)/instar/measurements.h5", andPath: "\(run.path)/elsewhere/measurements.h5"))
        options.memory = 1_000
        let failure = try await failure { _ = try await measure(RunDirectory(at: run.path), options: options) }
        #expect(failure.kind == .unsupported)
    }

    @Test func `what is held from the checks on is stated, and the first to go where memory is short`() throws {
        let run = try RunCopy()
        let directory = try RunDirectory(at: run.path).holding(8)
        let store = MeasurementStore(run: run.path, output: nil)
        let work = try prepareWork(directory, options: run.quick, store: store)
        let held = try work.memoryNeed()
        directory.series.release()
        let need = try work.memoryNeed()
        #expect(held.phases[0].shared - need.phases[0].shared == 8 * directory.series.byteCount)
        #expect(held.phases[2] == need.phases[2])

        var options = run.quick
        (options.jobs, options.memory) = (1, need.total(workers: 1))
        let again = try RunDirectory(at: run.path).holding(1 << 20)
        #expect(try prepareWork(again, options: options, store: store).jobCount(options) == 1)
        #expect(again.series.heldLimit == 0)
    }

    @Test func `traces beyond all memory are counted as such`() throws {
        let run = try RunCopy()
        var options = run.quick
        options.sampling.drawCount = 100_000_000
        options.sampling.chainCount = 1_000
        let work = try prepareWork(
            RunDirectory(at: run.path), options: options, store: MeasurementStore(run: run.path, output: nil))
        #expect(try work.memoryNeed().total(workers: 1) > 1 << 43)
        let failure = #expect(throws: Failure.self) { try work.jobCount(options) }
        #expect(failure?.kind == .unsupported)
    }

    @Test func `settings are not derived where the memory for that is not allowed`() throws {
        let run = try RunCopy()
        var options = MeasureOptions()
        options.memory = 1 << 20
        let failure = #expect(throws: Failure.self) {
            try prepareWork(
                RunDirectory(at: run.path), options: options, store: MeasurementStore(run: run.path, output: nil))
        }
        #expect(failure?.kind == .unsupported && failure?.reason.contains("(settings ") == true)
    }
}
