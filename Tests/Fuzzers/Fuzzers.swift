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

    /// The target that INSTAR_FUZZ names; `graph` where it is not set.
    static let chosen = Target(rawValue: ProcessInfo.processInfo.environment["INSTAR_FUZZ"] ?? "graph") ?? .graph

    func run(_ bytes: [UInt8]) {
        switch self {
        case .graph: fuzzGraph(bytes)
        case .manifest: fuzzManifest(bytes)
        case .traces: fuzzTraces(bytes)
        case .series: fuzzSeries(bytes)
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
    /// Without libFuzzer, whose own `main` is linked then: gives the target the files that the arguments name.
    @main struct Replay {
        static func main() throws {
            for path in CommandLine.arguments.dropFirst() {
                Target.chosen.run(Array(try Data(contentsOf: URL(filePath: path))))
            }
        }
    }
#endif
