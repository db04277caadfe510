import Development
import Foundation
import HDF5
import Runs
import Sampling
import Testing

@testable import Pipeline

/// Shares of a run against the same run measured by one process.
@Suite struct MeasureShareTests {
    private func folders(_ copy: RunCopy, _ name: String, _ options: MeasureOptions) -> MeasureOptions {
        var options = options
        options.output = "\(copy.path)/\(name)"
        return options
    }

    /// Names and bytes of all results.
    private func results(_ folder: String) throws -> [String: Data] {
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/units").map { "units/\($0)" }
        return Dictionary(
            uniqueKeysWithValues: try (names + ["settings.json", "measurements.h5"]).map {
                ($0, try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)")))
            })
    }

    private func measureAll(_ count: Int, order: [Int], _ run: RunDirectory, _ options: MeasureOptions) async throws {
        for index in order {
            let shard = try #require(Shard(index: index, count: count))
            _ = try await measureShare(.shard(shard), of: run, options: options)
        }
        _ = try await mergeShares(of: run, options: options, shardCount: count)
    }

    @Test func `any split, in any order and twice over, gives the bytes of one process`() async throws {
        let copy = try RunCopy()
        let run = try RunDirectory(at: copy.path)
        var options = copy.quick
        options.restrictions = [Restriction(parameters: ["W"], examples: nil)]
        let whole = folders(copy, "whole", options)
        _ = try await measure(run, options: whole)
        let expected = try results("\(copy.path)/whole")
        for (count, order) in [(1, [0]), (2, [1, 0]), (3, [2, 0, 2, 1]), (50, Array(0..<50).reversed())] {
            let shared = folders(copy, "shared-\(count)", options)
            try await measureAll(count, order: order, run, shared)
            #expect(try results("\(copy.path)/shared-\(count)") == expected, "\(count) shares")
        }
        // One division begun, another one to the end.
        let mixed = folders(copy, "mixed", options)
        _ = try await measureShare(.shard(try #require(Shard("1/3"))), of: run, options: mixed)
        try await measureAll(2, order: [0, 1], run, mixed)
        #expect(try results("\(copy.path)/mixed") == expected)
    }

    @Test func `shares at once, the same twice among them, give the bytes of one process`() async throws {
        let copy = try RunCopy()
        let run = try RunDirectory(at: copy.path)
        let whole = folders(copy, "whole", copy.quick)
        _ = try await measure(run, options: whole)
        let shared = folders(copy, "shared", copy.quick)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for text in ["0/2", "1/2", "1/2", "2/5"] {
                let shard = try #require(Shard(text))
                group.addTask { try await measureShare(.shard(shard), of: run, options: shared) }
            }
            try await group.waitForAll()
        }
        _ = try await mergeShares(of: run, options: shared, shardCount: nil)
        #expect(try results("\(copy.path)/shared") == results("\(copy.path)/whole"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(copy.path)/shared/tasks").isEmpty)
    }

    @Test func `chains that are lengthened for an error are lengthened by shares too`() async throws {
        let copy = try RunCopy()
        let run = try RunDirectory(at: copy.path)
        var options = copy.quick
        options.every = 20
        options.sampling.targetError = 1
        options.sampling.drawLimit = 200
        _ = try await measure(run, options: folders(copy, "whole", options))
        try await measureAll(3, order: [1, 2, 0], run, folders(copy, "shared", options))
        #expect(try results("\(copy.path)/shared") == results("\(copy.path)/whole"))
        // Of a smaller error nothing is known before the chains are longer.
        options.sampling.targetError = 1e-4
        options.sampling.drawLimit = 400
        let short = try await failure {
            _ = try await mergeShares(of: run, options: folders(copy, "shared", options), shardCount: nil)
        }
        #expect(short.kind == .notFound && short.reason.contains("unfinished"), "\(short.reason)")
    }

    @Test func `merging without all units lists what is missing and the shares to measure again`() async throws {
        let copy = try RunCopy()
        let run = try RunDirectory(at: copy.path)
        let options = copy.quick
        let nothing = try await failure { _ = try await mergeShares(of: run, options: options, shardCount: 4) }
        #expect(nothing.kind == .notFound)
        for index in [0, 2] {
            _ = try await measureShare(
                .shard(try #require(Shard(index: index, count: 4))), of: run, options: options)
        }
        let missing = try await failure { _ = try await mergeShares(of: run, options: options, shardCount: 4) }
        #expect(missing.kind == .notFound)
        #expect(missing.reason.contains("4 shares again: 1,3 "), "\(missing.reason)")
        var longer = options
        longer.sampling.drawCount = 40
        let short = try await failure { _ = try await mergeShares(of: run, options: longer, shardCount: nil) }
        #expect(short.kind == .notFound && short.reason.contains("unfinished"))
        #expect(!FileManager.default.fileExists(atPath: "\(copy.path)/instar/measurements.h5"))
    }

    @Test func `merging refuses a chain of other weights`() async throws {
        let copy = try RunCopy()
        let run = try RunDirectory(at: copy.path)
        _ = try await measureShare(.shard(try #require(Shard("0/1"))), of: run, options: copy.quick)
        let units = try FileManager.default.contentsOfDirectory(atPath: "\(copy.path)/instar/units").sorted()
        let chains = units.filter { $0.hasSuffix("chain-0.h5") }.map { "\(copy.path)/instar/units/\($0)" }
        try FileManager.default.removeItem(atPath: chains[0])
        try FileManager.default.copyItem(atPath: chains[1], toPath: chains[0])
        let mixed = try await failure { _ = try await mergeShares(of: run, options: copy.quick, shardCount: nil) }
        #expect(mixed.kind == .mismatch && mixed.reason.contains(chains[0]))
    }

    @Test func `units are measured by name, and a name that is none is refused`() async throws {
        let copy = try RunCopy()
        let run = try RunDirectory(at: copy.path)
        _ = try await measure(run, options: folders(copy, "whole", copy.quick))
        let options = folders(copy, "named", copy.quick)
        let names = try planWork(at: copy.path, options: options).units.map(\.name)
        for name in names.reversed() { _ = try await measureShare(.named([name]), of: run, options: options) }
        _ = try await mergeShares(of: run, options: options, shardCount: nil)
        #expect(try results("\(copy.path)/named") == results("\(copy.path)/whole"))
        #expect(try planWork(at: copy.path, options: options).units.allSatisfy(\.isStored))
        let unknown = try await failure { _ = try await measureShare(.named(["x"]), of: run, options: options) }
        #expect(unknown.kind == .usage)
    }

    @Test func `units that cannot be measured alone are refused before anything is calibrated`() async throws {
        let copy = try RunCopy()
        let run = try RunDirectory(at: copy.path)
        var options = MeasureOptions()
        // Enough for a short calibration to be due.
        options.steps = [27_000, 117_000, 225_000]
        options.sampling.drawCount = 7_000
        var lengthened = options
        lengthened.sampling.targetError = 1
        for (options, words) in [
            (options, "--unit x: no unit of this run has that name. `instar measure --dry-run --json` lists them"),
            (lengthened, "--unit: with --target-error the chains of a checkpoint are lengthened together"),
        ] {
            let refused = try await failure {
                _ = try await measureShare(.named(["x"]), of: run, options: options) { Issue.record("told: \($0)") }
            }
            #expect(refused.kind == .usage && refused.reason.contains(words), "\(refused.reason)")
            #expect(!FileManager.default.fileExists(atPath: "\(copy.path)/instar/calibration.json"))
        }
    }

    @Test func `a damaged checkpoint is told of and left out, as by one process`() async throws {
        let copy = try RunCopy()
        let checkpoints = try FileManager.default.contentsOfDirectory(atPath: "\(copy.path)/checkpoints").sorted()
        // In the midst of the selection, so that what comes after moves over it.
        let damaged = "\(copy.path)/checkpoints/\(checkpoints[12])"
        try #require(FileHandle(forWritingAtPath: damaged)).truncate(atOffset: 700)
        let run = try RunDirectory(at: copy.path)
        let whole = folders(copy, "whole", copy.quick)
        #expect(try await measure(run, options: whole).damaged.count == 1)
        let shared = folders(copy, "shared", copy.quick)
        for text in ["0/5", "1/5", "2/5", "3/5", "4/5"] {
            _ = try await measureShare(.shard(try #require(Shard(text))), of: run, options: shared)
        }
        let status = try runStatus(of: run, options: shared)
        #expect(status.unitCount - status.doneCount == 5, "the survey and four chains of one checkpoint")
        #expect(status.failedUnits.count == 5 && status.endedTasks.isEmpty)
        #expect(status.failedUnits.allSatisfy { $0.reason.contains(checkpoints[12]) })
        #expect(status.text.contains("5 failed") && status.text.contains("all is measured that can be"))
        _ = try await mergeShares(of: run, options: shared, shardCount: 5)
        #expect(try results("\(copy.path)/shared") == results("\(copy.path)/whole"))
    }

    @Test func `a unit that fails leaves its reason, and the others are measured`() async throws {
        let copy = try RunCopy()
        let run = try RunDirectory(at: copy.path)
        try await settleSettings(of: run, options: copy.quick)
        let names = try planWork(at: copy.path, options: copy.quick).units.map(\.name)
        let damaged = try #require(names.first { $0.hasSuffix("chain-2") })
        try Data("no HDF5".utf8).write(to: URL(fileURLWithPath: "\(copy.path)/instar/units/\(damaged).h5"))
        let failed = try await failure {
            _ = try await measureShare(.shard(try #require(Shard("0/1"))), of: run, options: copy.quick)
        }
        #expect(failed.kind == .malformed && failed.reason.contains(damaged))
        let status = try runStatus(of: run, options: copy.quick)
        #expect(status.doneCount == status.unitCount - 1)
        #expect(status.damagedUnits.map(\.name) == [damaged] && status.failedUnits.isEmpty)
        #expect(status.text.contains("1 damaged") && status.text.hasSuffix("measure again: the others are kept"))
        #expect(status.endedTasks.count == 1)
    }

    @Test(arguments: [1e300, .infinity, .nan, -1e300]) func `whatever a record says of its speed, there is a time left`(
        seconds: Double
    ) {
        var status = RunStatus(folder: "results")
        (status.unitCount, status.secondsLeft) = (3, seconds)
        #expect(status.text.contains("time left: about "), "\(status.text)")
    }

    @Test func `measurements of fewer checkpoints, or of shorter chains, are not taken for those of all`() async throws
    {
        let copy = try RunCopy()
        let run = try RunDirectory(at: copy.path)
        var options = copy.quick
        _ = try await measure(run, options: options)
        #expect(try runStatus(of: run, options: options).isMerged)
        options.every = 6
        _ = try await measureShare(.shard(try #require(Shard("0/1"))), of: run, options: options)
        let status = try runStatus(of: run, options: options)
        #expect(status.doneCount == status.unitCount && !status.isMerged)
        #expect(status.text.hasSuffix("all is measured: `instar merge` comes next"))
        _ = try await mergeShares(of: run, options: options, shardCount: nil)
        #expect(try runStatus(of: run, options: options).isMerged)
        options.sampling.drawCount = 25
        _ = try await measureShare(.shard(try #require(Shard("0/1"))), of: run, options: options)
        #expect(try !runStatus(of: run, options: options).isMerged)
        try Data("no HDF5".utf8).write(to: URL(fileURLWithPath: "\(copy.path)/instar/measurements.h5"))
        #expect(try !runStatus(of: run, options: options).isMerged)
    }

    @Test func `surveys that were taken after other checkpoints are missing to all who ask`() async throws {
        let copy = try RunCopy()
        let run = try RunDirectory(at: copy.path)
        var options = copy.quick
        options.every = nil
        for steps in [[0, 9_000, 225_000], [10, 18_000, 36_000]] {
            options.steps = steps
            _ = try await measure(run, options: options)
        }
        options.steps = [0, 9_000, 225_000, 10, 18_000, 36_000]
        let status = try runStatus(of: run, options: options)
        #expect(status.doneCount == status.unitCount - 5 && status.partialCount == 5)
        #expect(try planWork(at: copy.path, options: options).units.count { !$0.isStored } == 5)
        #expect(try planShares(of: run, options: options, shardCount: nil, limit: 100).missingUnitCount == 5)
        let merging = try await failure { _ = try await mergeShares(of: run, options: options, shardCount: nil) }
        #expect(merging.reason.contains("5 of \(status.unitCount) units"), "\(merging.reason)")
        _ = try await measureShare(.shard(try #require(Shard("0/1"))), of: run, options: options)
        _ = try await mergeShares(of: run, options: options, shardCount: nil)
        #expect(try runStatus(of: run, options: options).isMerged)
    }

    @Test func `the status before, during and after`() async throws {
        let copy = try RunCopy()
        let run = try RunDirectory(at: copy.path)
        #expect(try await failure { _ = try runStatus(of: run, options: copy.quick) }.kind == .notFound)
        try await settleSettings(of: run, options: copy.quick)
        let before = try runStatus(of: run, options: copy.quick)
        #expect(before.doneCount == 0 && before.unitCount > 0 && before.secondsLeft == nil)
        let locks = try UnitLocks(in: "\(copy.path)/instar")
        let name = try planWork(at: copy.path, options: copy.quick).units[1].name
        #expect(locks.take(.unit(name)))
        #expect(try runStatus(of: run, options: copy.quick).runningCount == 1)
        locks.give(.unit(name))
        let alone = try StoreLock(folder: "\(copy.path)/instar", mode: .exclusive)
        let during = try runStatus(of: run, options: copy.quick)
        #expect(during.holder?.contains("process \(getpid()) on ") == true)
        #expect(during.text.contains("on all of it\ntime left: told where that process was started"))
        alone.release()
        #expect(try runStatus(of: run, options: copy.quick).holder == nil)
        try FileManager.default.createDirectory(
            atPath: "\(copy.path)/instar/tasks", withIntermediateDirectories: true)
        try Data("{".utf8).write(to: URL(fileURLWithPath: "\(copy.path)/instar/tasks/1-of-9.json"))
        #expect(
            try runStatus(of: run, options: copy.quick).text.contains(
                "ended: share 1-of-9.json: no record of a share, or damaged; remove \(copy.path)/instar/tasks/1-of-9.json"
            ))
        _ = try await measureShare(.shard(try #require(Shard("0/1"))), of: run, options: copy.quick)
        #expect(try runStatus(of: run, options: copy.quick).text.contains("`instar merge` comes next"))
        _ = try await mergeShares(of: run, options: copy.quick, shardCount: nil)
        #expect(try runStatus(of: run, options: copy.quick).isMerged)
        // All is done: what a record might have said is past.
        #expect(try runStatus(of: run, options: copy.quick).endedTasks.isEmpty)
    }
}
