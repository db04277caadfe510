import Development
import Foundation
import Runs
import TestSupport
import Testing

@testable import Pipeline

/// A run directory that a trainer still writes to.
@Suite struct WatchRunTests {
    let whole: RunCopy
    let run: RunCopy
    let names: [String]

    /// The run has its first twelve checkpoints; `whole` has all.
    init() throws {
        (whole, run) = (try RunCopy(), try RunCopy())
        names = try FileManager.default.contentsOfDirectory(atPath: "\(whole.path)/checkpoints").sorted()
        for name in names.dropFirst(12) { try FileManager.default.removeItem(atPath: checkpoint(name)) }
    }

    func checkpoint(_ name: String) -> String { "\(run.path)/checkpoints/\(name)" }

    func bytes(_ name: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: "\(whole.path)/checkpoints/\(name)"))
    }

    func write(_ data: Data, _ name: String) throws { try data.write(to: URL(fileURLWithPath: checkpoint(name))) }

    /// `settling` of 0 trusts what is there at once; a long one only what was the same at two looks.
    func watch(settling: Double) -> Watch { Watch(path: run.path, output: "\(run.path)/instar", settling: settling) }

    func steps(_ state: Watch.State) -> [Int]? {
        guard case .ready(let run, _) = state else { return nil }
        return run.series.references.map(\.step)
    }

    func isUnchanged(_ state: Watch.State) -> Bool {
        if case .unchanged = state { true } else { false }
    }

    @Test func `a directory that is not there yet is waited for`() throws {
        var watch = Watch(path: "\(run.path)/later", output: "\(run.path)/later/instar", settling: 1000)
        guard case .nothingYet(let reason) = try watch.look().state else {
            Issue.record("expected to wait")
            return
        }
        #expect(reason.contains("\(run.path)/later"))
        try FileManager.default.copyItem(atPath: whole.path, toPath: "\(run.path)/later")
        guard case .nothingYet(let news) = try watch.look().state else {
            Issue.record("files that were just written take part")
            return
        }
        #expect(news.contains("files changed a moment ago and will be looked at again)"), "\(news)")
        #expect(try steps(watch.look().state)?.count == names.count)
    }

    @Test func `nothing new is nothing to do`() throws {
        var watch = watch(settling: 0)
        #expect(try steps(watch.look().state)?.count == 12)
        #expect(try isUnchanged(watch.look().state))
        try FileManager.default.createDirectory(atPath: "\(run.path)/instar", withIntermediateDirectories: true)
        try Data("results".utf8).write(to: URL(fileURLWithPath: "\(run.path)/instar/analysis.json"))
        #expect(try isUnchanged(watch.look().state), "results are not looked at")
    }

    @Test func `a checkpoint takes part once it no longer grows`() throws {
        var watch = watch(settling: 1000)
        _ = try watch.look()
        #expect(try steps(watch.look().state)?.count == 12)
        let data = try bytes(names[12])
        for length in [600, 1400, data.count] {
            try write(data.prefix(length), names[12])
            #expect(try isUnchanged(watch.look().state))
        }
        #expect(try steps(watch.look().state)?.count == 13)
    }

    @Test func `a file that stays cut short is left out, said once, and taken when it is whole`() throws {
        var watch = watch(settling: 0)
        _ = try watch.look()
        let data = try bytes(names[12])
        try write(data.prefix(1400), names[12])
        var told: [String] = []
        for _ in 0..<6 {
            let look = try watch.look()
            #expect(isUnchanged(look.state))
            told += look.leftOut.map(\.file)
        }
        #expect(told == [checkpoint(names[12])])
        try write(data, names[12])
        #expect(try steps(watch.look().state)?.count == 13)
    }

    @Test func `a checkpoint that is written anew or removed is noticed`() throws {
        var watch = watch(settling: 0)
        _ = try watch.look()
        try write(bytes(names[20]), names[11])
        #expect(try steps(watch.look().state)?.count == 12)
        try FileManager.default.removeItem(atPath: checkpoint(names[11]))
        #expect(try steps(watch.look().state)?.count == 11)
    }

    @Test(arguments: ["data.h5", "model.onnx", "run.yaml"])
    func `an input that is gone or was written a moment ago is waited for`(name: String) throws {
        var watch = watch(settling: 1000)
        let path = "\(run.path)/\(name)"
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        func reason() throws -> String? {
            if case .nothingYet(let reason) = try watch.look().state { reason } else { nil }
        }
        _ = try watch.look()
        #expect(try steps(watch.look().state)?.count == 12)
        try FileManager.default.removeItem(atPath: path)
        for _ in 0..<2 { #expect(try reason()?.hasPrefix("\(path): was there and is gone; put it back") == true) }
        try data.prefix(data.count / 2).write(to: URL(fileURLWithPath: path))
        if name != "run.yaml" { #expect(try reason() == "\(path): changed a moment ago and will be looked at again") }
        try data.write(to: URL(fileURLWithPath: path))
        #expect(try reason() == "\(path): changed a moment ago and will be looked at again")
        #expect(try steps(watch.look().state)?.count == 12)
    }

    /// The time a file says it was changed at.
    func setTime(_ time: Date, _ name: String) throws {
        try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: checkpoint(name))
    }

    @Test func `a checkpoint that is replaced by one of the same size and time is noticed`() throws {
        var watch = watch(settling: 0)
        let time = Date(timeIntervalSinceReferenceDate: 700_000_000)
        try setTime(time, names[11])
        _ = try watch.look()
        let other = try bytes(names[20])
        #expect(try other.count == bytes(names[11]).count)
        try write(other, names[11])
        try setTime(time, names[11])
        #expect(try steps(watch.look().state)?.count == 12)
        #expect(try isUnchanged(watch.look().state))
    }

    @Test(arguments: [-3.0e8, 86_400])
    func `a clock that was set back or forward hides no checkpoint`(offset: Double) throws {
        var watch = watch(settling: 1000)
        _ = try watch.look()
        #expect(try steps(watch.look().state)?.count == 12)
        try write(bytes(names[12]), names[12])
        try setTime(Date(timeIntervalSinceNow: offset), names[12])
        let states = [try watch.look().state, try watch.look().state]
        #expect(states.compactMap { steps($0)?.count } == [13])
        try write(bytes(names[13]), names[12])
        try setTime(Date(timeIntervalSinceNow: offset - 1000), names[12])
        #expect([try watch.look().state, try watch.look().state].compactMap { steps($0)?.count }.last == 13)
    }

    @Test func `a folder of results that another process holds is waited for`() async throws {
        let store = MeasurementStore(run: run.path, output: nil)
        let lock = try store.lock(.exclusive)
        var limits = WatchLimits()
        (limits.interval, limits.untilStep) = (0, 0)
        var options = run.quick
        options.output = nil
        var told: [String] = []
        try await watchRun(at: run.path, options: options, limits: limits) { _ in
            lock.release()
        } receive: { event in
            switch event {
            case .waiting(let reason): told.append(reason)
            case .measured: told.append("measured")
            case .leftOut: break
            }
        }
        #expect(told.count == 2 && told.last == "measured")
        #expect(told.first?.contains("in use by process \(getpid()) on ") == true)
    }

    @Test func `what waiting does not mend ends the watch`() async throws {
        try run.rewriteManifest("name: [")
        let found = try await failure {
            try await watchRun(at: run.path, options: run.quick, limits: WatchLimits()) { _ in }
        }
        #expect(found.reason.contains("run.yaml"))
    }

    /// Checkpoints come one look after the other, one of them with other weights at first, as a trainer that starts again
    /// leaves them.
    @Test func `what was watched is what is measured at the end`() async throws {
        let last = try #require(names.last.flatMap { Int($0.filter(\.isNumber).prefix(7)) })
        var limits = WatchLimits()
        (limits.interval, limits.untilStep) = (0, last)
        var options = run.quick
        (options.every, options.output) = (1, nil)
        options.sampling.drawCount = 5
        let trainer = try Trainer(
            names: Array(names.dropFirst(12)), other: Fixture.url("runs/tms-seed-B/checkpoints").path)
        let (source, target) = ("\(whole.path)/checkpoints", "\(run.path)/checkpoints")
        var news: [String] = []
        try await watchRun(at: run.path, options: options, limits: limits) { _ in
            try await trainer.write(from: source, to: target)
        } receive: { event in
            if case .measured(_, let line) = event { news.append(line) }
        }
        #expect(news.first?.hasPrefix("12 checkpoints; ") == true)
        #expect(news.last?.contains("\(names.count) checkpoints (new: ") == true, "\(news)")
        _ = try await analyzeRun(at: whole.path, options: options)
        #expect(
            FileManager.default.contentsEqual(
                atPath: "\(run.path)/instar/measurements.h5", andPath: "\(whole.path)/instar/measurements.h5"))
    }

    @Test func `checkpoints that were surveyed and did not change are not read again`() async throws {
        var options = run.quick
        (options.every, options.sampling.drawCount) = (1, 5)
        var watch = watch(settling: 0)
        func ready() throws -> (run: RunDirectory, unchanged: Set<Int>) {
            guard case .ready(let run, let unchanged) = try watch.look().state else {
                throw Failure(.defect, "expected something to measure")
            }
            return (run, unchanged)
        }
        let store = MeasurementStore(run: run.path, output: nil)
        let lock = try store.lock(.exclusive)
        defer { lock.release() }
        let first = try ready()
        #expect(first.unchanged.isEmpty)
        _ = try await measure(first.run, options: options, store: store, progress: nil)
        watch.noteSurveyed()
        try write(bytes(names[12]), names[12])
        // Of the same step, as a trainer that starts again writes it.
        try write(Data(contentsOf: Fixture.url("runs/tms-seed-B/checkpoints/\(names[5])")), names[5])
        let second = try ready()
        let steps = second.run.series.references.map(\.step)
        #expect(second.unchanged == Set(steps.prefix(12)).subtracting([steps[5]]))

        let reader = CountingReader(CheckpointFileReader())
        options.remeasuresReplaced = true
        let again = try RunDirectory(at: run.path, reader: reader)
        _ = try await measure(again, options: options, store: store, unchanged: second.unchanged, progress: nil)
        // The first for the checks; what was replaced or is new, those after it, which were compared with it, and the two
        // before; chains of what was replaced or is new.
        let read = Set([0] + Array(3...7) + Array(10...12)).map { names[$0] }
        #expect(Set(reader.counts.keys) == Set(read.map(checkpoint)))
        options.output = "\(run.path)/elsewhere"
        _ = try await measure(RunDirectory(at: run.path), options: options)
        #expect(
            FileManager.default.contentsEqual(
                atPath: store.measurementsPath, andPath: "\(run.path)/elsewhere/measurements.h5"))
    }

    /// Writes five checkpoints at a time; the first of all with another's weights, which it then replaces.
    private actor Trainer {
        private var names: [String]
        private let other: String
        private var replaced: String?

        init(names: [String], other: String) { (self.names, self.other) = (names, other) }

        func write(from source: String, to target: String) throws {
            if let replaced { try copy(replaced, "\(source)/\(replaced)", target) }
            replaced = nil
            if names.count > 30 {
                replaced = names[0]
                try copy(names[0], "\(other)/\(names[0])", target)
                names.removeFirst()
            }
            for name in names.prefix(15) { try copy(name, "\(source)/\(name)", target) }
            names.removeFirst(min(15, names.count))
        }

        private func copy(_ name: String, _ source: String, _ target: String) throws {
            try Data(contentsOf: URL(fileURLWithPath: source)).write(
                to: URL(fileURLWithPath: "\(target)/\(name)"), options: .atomic)
        }
    }

    @Test func `a checkpoint that goes while it is measured is waited out`() async throws {
        var limits = WatchLimits()
        (limits.interval, limits.untilStep) = (0, Int(names[13].filter(\.isNumber).prefix(7)))
        var options = run.quick
        (options.every, options.output) = (1, nil)
        let (path, last, broken) = (checkpoint(names[12]), checkpoint(names[13]), checkpoint(names[14]))
        let (whole, lastWhole, half) = (try bytes(names[12]), try bytes(names[13]), try bytes(names[14]).prefix(1000))
        var told: [String] = []
        let looks = Looks()
        try await watchRun(at: run.path, options: options, limits: limits) { _ in
            // The broken one is told of at the look at which the new one is ready, and before it is measured.
            switch await looks.next() {
            case 1: try half.write(to: URL(fileURLWithPath: broken))
            case 3: try whole.write(to: URL(fileURLWithPath: path))
            case 5: try lastWhole.write(to: URL(fileURLWithPath: last))
            default: break
            }
        } receive: { event in
            switch event {
            case .leftOut: try FileManager.default.removeItem(atPath: path)
            case .waiting(let reason): told.append(reason)
            case .measured(let analysis, _): told.append("\(analysis.measurements.checkpoints.count)")
            }
        }
        #expect(told.count == 4 && [told[0], told[2], told[3]] == ["12", "12", "13"], "\(told)")
        #expect(told.dropFirst().first?.hasPrefix("\(path): ") == true, "\(told)")
    }

    private actor Looks {
        private var count = 0

        func next() -> Int {
            count += 1
            return count
        }
    }

    @Test func `a file that is out of reach is told of once and tried at every look`() throws {
        var watch = watch(settling: 0)
        _ = try watch.look()
        let name = names[12]
        try write(bytes(name), name)
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: checkpoint(name))
        var told: [String] = []
        for _ in 0..<3 {
            let look = try boundByPermissions { try watch.look() }
            #expect(isUnchanged(look.state))
            told += look.leftOut.map(\.file)
        }
        #expect(told == [checkpoint(name)])
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: checkpoint(name))
        #expect(try steps(watch.look().state)?.count == 13)
    }
}
