import Foundation
import Testing

@testable import Pipeline

@Suite struct ShardTests {
    /// Units of the given costs, four to a checkpoint: a survey and three chains.
    private func units(_ costs: [Double]) -> [WorkUnit] {
        costs.enumerated().map { place, cost in
            WorkUnit(
                place: place / 4, step: place / 4, target: 0, chain: place % 4 == 0 ? nil : place % 4, name: "\(place)",
                cost: cost)
        }
    }

    @Test(arguments: [1, 2, 3, 7, 40, 100]) func `shares are disjoint, complete and of nearly equal cost`(
        _ count: Int
    ) throws {
        // Uneven costs, from a linear congruence that has nothing to do with the code.
        let costs = (0..<40).map { Double(($0 * 7_919 + 13) % 101 + 1) }
        let units = units(costs)
        let shares = try (0..<count).map { index in
            try #require(Shard(index: index, count: count)).share(of: units) { _, _ in false }
        }
        #expect(shares.flatMap(\.self) == units)
        let even = costs.reduce(0, +) / Double(count)
        let largest = try #require(costs.max())
        for share in shares { #expect(share.reduce(0) { $0 + $1.cost } <= even + largest) }
    }

    @Test func `units that belong together stay together`() {
        let units = units([Double](repeating: 1, count: 40))
        let indices = Shard.indices(of: units, count: 11) { $0.chain != nil && $0.place == $1.place && $1.chain != nil }
        for (unit, index) in zip(units, indices) where unit.chain != nil {
            #expect(index == indices[unit.place * 4 + 1])
        }
    }

    @Test(arguments: ["", "1", "/", "2/2", "-1/3", "a/3", "1/0", "1/2/3", "0/2 "])
    func `what is no share is refused`(_ text: String) { #expect(Shard(text) == nil) }

    @Test func `a share reads back as it is written`() { #expect(Shard("3/16")?.description == "3/16") }

    private func share(_ environment: [String: String]) throws -> String {
        try Shard(environment: environment).description
    }

    @Test func `Slurm's arrays give shares, whatever they are counted from`() throws {
        func array(_ id: Int, _ first: Int, _ last: Int, _ step: Int, _ count: Int) throws -> String {
            try share([
                "SLURM_ARRAY_TASK_ID": "\(id)", "SLURM_ARRAY_TASK_MIN": "\(first)", "SLURM_ARRAY_TASK_MAX": "\(last)",
                "SLURM_ARRAY_TASK_STEP": "\(step)", "SLURM_ARRAY_TASK_COUNT": "\(count)",
                // A batch script has these as well, whatever its number of tasks.
                "SLURM_PROCID": "0", "SLURM_NTASKS": "4",
            ])
        }
        #expect(try array(0, 0, 7, 1, 8) == "0/8")
        #expect(try array(8, 1, 8, 1, 8) == "7/8")
        #expect(try array(20, 10, 30, 10, 3) == "1/3")
        #expect(try share(["SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_COUNT": "3"]) == "2/3")
    }

    @Test func `srun gives shares, within an array too`() throws {
        let step = ["SLURM_STEP_ID": "0", "SLURM_PROCID": "2", "SLURM_NTASKS": "4"]
        #expect(try share(step) == "2/4")
        let array = ["SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_MIN": "0", "SLURM_ARRAY_TASK_COUNT": "3"]
        #expect(try share(step.merging(array) { $1 }) == "6/12")
        // srun -n 2 within a job of four tasks
        #expect(try share(step.merging(["SLURM_STEP_NUM_TASKS": "3"]) { $1 }) == "2/3")
    }

    @Test func `variables that give no share are refused with what to state`() throws {
        let uneven = [
            "SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "3", "SLURM_ARRAY_TASK_MAX": "12",
            "SLURM_ARRAY_TASK_STEP": "1", "SLURM_ARRAY_TASK_COUNT": "3",
        ]
        let cases: [([String: String], String)] = [
            ([:], "--shard auto: expected the variables of a Slurm array or of srun"),
            (["SLURM_PROCID": "0", "SLURM_NTASKS": "2"], "found neither"),
            (["SLURM_ARRAY_TASK_ID": "1"], "SLURM_ARRAY_TASK_COUNT is not"),
            (["SLURM_ARRAY_TASK_ID": "one"], "SLURM_ARRAY_TASK_ID: expected a whole number, found 'one'"),
            // `--array=3,7,12`
            (uneven, "the array's 3 indices from 3 to 12 are not evenly spaced"),
            (["SLURM_STEP_ID": "0", "SLURM_PROCID": "4", "SLURM_NTASKS": "4"], "give the share 4/4"),
        ]
        for (environment, words) in cases {
            let failure = #expect(throws: Failure.self) { try share(environment) }
            #expect(failure?.kind == .usage && failure?.reason.contains(words) == true, "\(failure?.reason ?? "")")
            #expect(failure?.reason.contains("State --shard ") == true)
        }
    }

    @Test func `lists of indices are as Slurm reads them`() {
        #expect(indexList([]) == "")
        #expect(indexList([4]) == "4")
        #expect(indexList([0, 1, 2, 5, 7, 8]) == "0-2,5,7-8")
    }
}
