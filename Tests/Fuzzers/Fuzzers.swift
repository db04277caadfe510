import Foundation

/// What can be fuzzed: a reader of files that other people made, fed with bytes.
///
/// A reader may refuse what it is given; it must not crash, hang, or take memory out of proportion.
enum Target: String, CaseIterable {
    /// An ONNX file: import, plan, evaluation and gradient.
    case graph
    /// `run.yaml`.
    case manifest
    /// Stored traces of another sampler: the bytes choose what the HDF5 file holds.
    case traces
    /// Series of numbers: CSV and JSON lines.
    case series
    /// A safetensors file, and the index of several.
    case safetensors

    /// The target that INSTAR_FUZZ names; `graph` where it is not set.
    static let chosen = Target(rawValue: ProcessInfo.processInfo.environment["INSTAR_FUZZ"] ?? "graph") ?? .graph

    func run(_ bytes: [UInt8]) {
        switch self {
        case .graph: fuzzGraph(bytes)
        case .manifest: fuzzManifest(bytes)
        case .traces: fuzzTraces(bytes)
        case .series: fuzzSeries(bytes)
        case .safetensors: fuzzSafetensors(bytes)
        }
    }
}

/// What libFuzzer calls with every input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Target.chosen.run(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}

#if !LIBFUZZER
    /// Without libFuzzer, whose own `main` is linked then: gives the target the files that the arguments name; with
    /// INSTAR_FUZZ_SECONDS, mutants of them for so long, each of which is in INSTAR_FUZZ_CURRENT while it is tried.
    @main struct Replay {
        static func main() throws {
            let seeds = try CommandLine.arguments.dropFirst().map { [UInt8](try Data(contentsOf: URL(filePath: $0))) }
            let environment = ProcessInfo.processInfo.environment
            guard let seconds = environment["INSTAR_FUZZ_SECONDS"].flatMap(Double.init) else {
                for seed in seeds { Target.chosen.run(seed) }
                return
            }
            let current = URL(filePath: environment["INSTAR_FUZZ_CURRENT"] ?? "mutant")
            var generator = SystemRandomNumberGenerator()
            var count = 0
            let end = ContinuousClock.now + .seconds(seconds)
            while ContinuousClock.now < end, let seed = seeds.randomElement(using: &generator) {
                let mutant = mutated(seed, splicing: seeds.randomElement(using: &generator) ?? [], &generator)
                try Data(mutant).write(to: current)
                Target.chosen.run(mutant)
                count += 1
            }
            print("\(Target.chosen.rawValue): \(count) mutants of \(seeds.count) files, none of which crashed")
        }
    }

    /// One to eight changes: a bit, a byte, a range removed or repeated, a part of another file.
    private func mutated(
        _ seed: [UInt8], splicing other: [UInt8], _ generator: inout some RandomNumberGenerator
    ) -> [UInt8] {
        var bytes = seed
        for _ in 0..<Int.random(in: 1...8, using: &generator) where !bytes.isEmpty {
            let start = Int.random(in: bytes.indices, using: &generator)
            let end = min(bytes.count, start + Int.random(in: 1...32, using: &generator))
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: bytes[start] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1: bytes[start] = UInt8.random(in: 0...255, using: &generator)
            case 2: bytes.removeSubrange(start..<end)
            case 3: bytes.insert(contentsOf: bytes[start..<end], at: start)
            default: bytes.replaceSubrange(start..<end, with: other.dropFirst(start).prefix(64))
            }
        }
        return bytes
    }
#endif
