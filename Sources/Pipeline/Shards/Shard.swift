import Foundation

/// One of several shares of the work of a run, for one of several processes; counted from 0.
public struct Shard: Sendable, Equatable, CustomStringConvertible {
    /// Which share, from 0.
    public let index: Int
    /// How many there are.
    public let count: Int

    /// A share; nil unless `0 <= index < count`.
    public init?(index: Int, count: Int) {
        guard index >= 0, index < count else { return nil }
        self.index = index
        self.count = count
    }

    /// Reads `INDEX/COUNT`, counted from 0 as Slurm's arrays are by default.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let index = parts[0], let count = parts[1] else { return nil }
        self.init(index: index, count: count)
    }

    /// `INDEX/COUNT`.
    public var description: String { "\(index)/\(count)" }

    /// The share that Slurm gave this process: the task of a job array, the process of an `srun` step, or the one within
    /// the other.
    ///
    /// It is read only where the user asks for it: an array over runs is as usual as one over the work of a run, and only
    /// its author knows which it is.
    ///
    /// - Throws: `usage` outside both, and for an array whose indices are not evenly spaced.
    public init(environment: [String: String]) throws(Failure) {
        func number(_ name: String) throws(Failure) -> Int? {
            guard let text = environment[name] else { return nil }
            guard let number = Int(text), -1_000_000_000...1_000_000_000 ~= number else {
                throw Failure(.usage, "\(name): expected a whole number, found '\(text)'. State --shard INDEX/COUNT")
            }
            return number
        }
        var index = 0
        var count = 1
        var isFound = false
        if let task = try number("SLURM_ARRAY_TASK_ID") {
            let first = try number("SLURM_ARRAY_TASK_MIN") ?? 0
            let spacing = try number("SLURM_ARRAY_TASK_STEP") ?? 1
            guard let tasks = try number("SLURM_ARRAY_TASK_COUNT") else {
                throw Failure(
                    .usage, "SLURM_ARRAY_TASK_ID is set, SLURM_ARRAY_TASK_COUNT is not. State --shard INDEX/COUNT")
            }
            let last = try number("SLURM_ARRAY_TASK_MAX") ?? first + (tasks - 1) * spacing
            // Of `--array=3,7,12` Slurm tells neither the place of a task nor how many shares there were at first.
            guard spacing >= 1, task >= first, (task - first) % spacing == 0, last - first == (tasks - 1) * spacing
            else {
                throw Failure(
                    .usage,
                    "the array's \(tasks) indices from \(first) to \(last) are not evenly spaced, so that shares cannot be "
                        + "told from them. State --shard \"$SLURM_ARRAY_TASK_ID/COUNT\" with the COUNT of the whole array"
                )
            }
            index = (task - first) / spacing
            count = tasks
            isFound = true
        }
        // A batch script has a process number and a number of tasks as well, but only srun starts one process for each.
        if environment["SLURM_STEP_ID"] != nil, let process = try number("SLURM_PROCID"),
            let processes = try number(
                environment["SLURM_STEP_NUM_TASKS"] == nil ? "SLURM_NTASKS" : "SLURM_STEP_NUM_TASKS")
        {
            index = index * processes + process
            count *= processes
            isFound = true
        }
        guard isFound else {
            throw Failure(
                .usage,
                "--shard auto: expected the variables of a Slurm array or of srun, found neither. State --shard INDEX/COUNT"
            )
        }
        guard let shard = Shard(index: index, count: count) else {
            throw Failure(
                .usage, "--shard auto: Slurm's variables give the share \(index)/\(count). State --shard INDEX/COUNT")
        }
        self = shard
    }

    /// The units of this share; see `indices`.
    func share(of units: [WorkUnit], areInseparable: (WorkUnit, WorkUnit) -> Bool) -> [WorkUnit] {
        let indices = Shard.indices(of: units, count: count, areInseparable: areInseparable)
        return zip(units, indices).filter { $1 == index }.map(\.0)
    }

    /// Which of `count` shares each unit is in: neighbours in one, with nearly equal costs in all.
    ///
    /// Shares are of *all* units, those that are stored included: processes start at different moments and each would see
    /// other units missing, so that shares of what is missing would overlap and leave gaps. They depend on nothing but the
    /// units and their costs, so they are the same on every machine. Neighbours, since the chains of a checkpoint share its
    /// center. No share costs more than an even one and one unit more.
    ///
    /// - Parameter areInseparable: Whether two units that follow each other must be in one share.
    /// - Returns: Ascending. Axes `[unit]`.
    static func indices(
        of units: [WorkUnit], count: Int, areInseparable: (WorkUnit, WorkUnit) -> Bool
    ) -> [Int] {
        let total = units.reduce(0) { $0 + $1.cost }
        var indices: [Int] = []
        indices.reserveCapacity(units.count)
        var before = 0.0
        while indices.count < units.count {
            let start = indices.count
            var end = start + 1
            while end < units.count, areInseparable(units[end - 1], units[end]) { end += 1 }
            let cost = units[start..<end].reduce(0) { $0 + $1.cost }
            let index = min(count - 1, Int((before + cost / 2) / total * Double(count)))
            indices.append(contentsOf: repeatElement(index, count: end - start))
            before += cost
        }
        return indices
    }
}
