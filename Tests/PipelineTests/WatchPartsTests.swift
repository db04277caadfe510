import Foundation
import Runs
import TestSupport
import Testing

@testable import Pipeline

/// A checkpoint in several files of safetensors, which a trainer writes one after the other, beside one that is whole.
@Suite final class WatchPartsTests {
    let run = NSTemporaryDirectory() + "instar-run-" + UUID().uuidString
    let parts = (1...2).map { "model-0000\($0)-of-00002.safetensors" }
    let index = "model.safetensors.index.json"
    lazy var watch = Watch(path: run, output: "\(run)/instar", settling: 0)

    init() throws {
        try FileManager.default.createDirectory(atPath: "\(run)/checkpoint-100", withIntermediateDirectories: true)
        let whole = try Fixture.url("safetensors/trainer/checkpoint-20").path
        try FileManager.default.copyItem(atPath: whole, toPath: "\(run)/checkpoint-20")
    }

    deinit { try? FileManager.default.removeItem(atPath: run) }

    /// Writes a file of the checkpoint, or the first bytes of it, as if long ago or just now.
    func write(_ name: String, count: Int = .max, isOld: Bool = false) throws {
        let data = try Data(contentsOf: Fixture.url("safetensors/trainer/checkpoint-100/\(name)"))
        let path = "\(run)/checkpoint-100/\(name)"
        try data.prefix(count).write(to: URL(fileURLWithPath: path))
        guard isOld else { return }
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 0)], ofItemAtPath: path)
    }

    /// The steps that are ready at the next look; nil where nothing changed.
    func look() throws -> [Int]? {
        switch try watch.look().state {
        case .ready(let run, _): return run.series.references.map(\.step)
        case .unchanged: return nil
        case .nothingYet(let reason):
            Issue.record("waits: \(reason)")
            return nil
        }
    }

    /// The files that are told to be left out in several looks, in all of which nothing changes.
    func leftOut(looks: Int = 6) throws -> [String] {
        try (0..<looks).flatMap { _ in
            let look = try watch.look()
            guard case .unchanged = look.state else {
                Issue.record("something changed")
                return [String]()
            }
            return look.leftOut.map { URL(fileURLWithPath: $0.file).lastPathComponent }
        }
    }

    @Test func `it takes part once all of its files are whole`() throws {
        #expect(try look() == [20])
        try write(parts[0])
        #expect(try look() == nil)
        try write(index)
        #expect(try look() == nil)
        try write(parts[1], count: 100)
        #expect(try look() == nil)
        try write(parts[1])
        #expect(try look() == [20, 100])
        #expect(try look() == nil)
    }

    @Test func `parts whose index does not come are left out, said once, and taken when it comes`() throws {
        #expect(try look() == [20])
        for part in parts { try write(part, isOld: true) }
        #expect(try leftOut() == [parts[0]])
        try write(index)
        #expect(try look() == [20, 100])
    }

    @Test func `an index whose part does not come is left out, said once, and taken when it comes`() throws {
        #expect(try look() == [20])
        try write(index, isOld: true)
        try write(parts[0])
        #expect(try leftOut() == [index])
        try write(parts[1], isOld: true)
        #expect(try look() == [20, 100])
    }

    @Test func `a part that is written anew is read again`() throws {
        for name in parts + [index] { try write(name) }
        #expect(try look() == [20, 100])
        try write(parts[1], count: 100, isOld: true)
        #expect(try look() == [20])
        #expect(try leftOut() == [parts[1]])
        try write(parts[1])
        #expect(try look() == [20, 100])
    }

    @Test func `a type that is not read ends the watch, as waiting does not mend it`() throws {
        #expect(try look() == [20])
        let refused = try Fixture.url("safetensors/refused.safetensors").path
        try FileManager.default.copyItem(atPath: refused, toPath: "\(run)/checkpoint-100/model.safetensors")
        let error = #expect(throws: RunError.self) { try look() }
        #expect(error?.kind == .unsupported && error?.reason.contains("save the weights as float32") == true)
    }
}
