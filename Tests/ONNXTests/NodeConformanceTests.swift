import Foundation
import Graphs
import ONNX
import Tensors
import Testing

/// What INSTAR_NODE_TESTS names: the folder of the fetched tests, with `node`, `pytorch-converted`, `pytorch-operator`.
private let folder = ProcessInfo.processInfo.environment["INSTAR_NODE_TESTS"].map { URL(filePath: $0) }

/// The backend tests of the ONNX standard, where they have been fetched: see Scripts/conformance.
@Suite(.enabled(if: folder != nil)) struct NodeConformanceTests {
    /// The types of the inputs, outputs and stored tensors of a covered test.
    private static let coveredTypes: Set<ElementType> = [.float32, .float64, .int32, .int64, .bool]
    /// Covered tests that the engine refuses, and why.
    private static let exceptions = [
        "test_batchnorm_epsilon_training_mode": batchStatistics,
        "test_batchnorm_example_training_mode": batchStatistics,
        "test_training_dropout": randomMask,
        "test_training_dropout_default": randomMask,
        "test_training_dropout_default_mask": randomMask,
        "test_training_dropout_mask": randomMask,
    ]
    private static let batchStatistics = "in training mode an example's loss depends on its minibatch"
    private static let randomMask = "the mask is random, and expected from NumPy's generator"

    @Test func `the standard's node tests pass`() throws {
        let data = try #require(folder)
        var lines: [String] = []
        var counts = (passed: 0, passedTightly: 0, refused: 0, failed: 0, notRun: 0)
        var reasons: [String: Int] = [:]
        var others: [Bool] = []
        for test in try Self.folders(data.appending(path: "node")).map({ try NodeTest($0) }) {
            let obstacles = test.obstacles(Self.coveredTypes)
            if !obstacles.isEmpty {
                counts.notRun += 1
                for obstacle in obstacles { reasons[obstacle, default: 0] += 1 }
                lines.append("not run  \(test.name): \(obstacles.joined(separator: ", "))")
                guard test.obstacles(Set(ElementType.allCases)).isEmpty else { continue }
                let problem = Self.problem(test, relative: 1e-3)
                others.append(problem == nil)
                lines[lines.count - 1] += problem.map { "; it would fail: \($0)" } ?? "; it would pass"
            } else if let problem = Self.problem(test, relative: 1e-3) {
                let exception = Self.exceptions[test.name]
                counts.refused += exception == nil ? 0 : 1
                counts.failed += exception == nil ? 1 : 0
                lines.append("\(exception == nil ? "failed " : "refused")  \(test.name): \(exception ?? problem)")
                #expect(exception != nil && problem.contains("training mode"), "\(test.name): \(problem)")
            } else {
                counts.passed += 1
                let looseness = Self.problem(test, relative: 1e-5)
                counts.passedTightly += looseness == nil ? 1 : 0
                lines.append("passed   \(test.name)" + (looseness.map { " at 1e-3; at 1e-5 \($0)" } ?? ""))
                #expect(Self.exceptions[test.name] == nil, "\(test.name) passes and is still listed as refused")
            }
        }
        let summary =
            [
                "\(lines.count) node tests: \(counts.passed) passed (\(counts.passedTightly) at 1e-5 too), "
                    + "\(counts.failed) failed, \(counts.refused) refused with a reason, \(counts.notRun) not run.",
                "\(others.count) of those not run have other types that are read; \(others.count { $0 }) would pass.",
                "What those not run use (a test may be counted more than once):",
            ] + reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "  \($0.value) \($0.key)" }
        print(summary.joined(separator: "\n"))
        let list = (summary + lines).joined(separator: "\n") + "\n"
        try list.write(to: data.appending(path: "node-tests.txt"), atomically: true, encoding: .utf8)
    }

    @Test(arguments: ["pytorch-converted", "pytorch-operator"])
    func `models of old operator sets are refused by version`(set: String) throws {
        var counts: [Int: Int] = [:]
        for model in try Self.folders(try #require(folder).appending(path: set)) {
            let version = try NodeTest(model).opset
            counts[version, default: 0] += 1
            let error = #expect(throws: ONNXError.self) {
                try Graph(onnxFile: model.appending(path: "model.onnx").path())
            }
            #expect(error?.kind == .unsupported)
            #expect(error?.reason.contains("opset \(version) of ai.onnx") == true)
        }
        let versions = counts.sorted { $0.key < $1.key }.map { "\($0.value) of opset \($0.key)" }
        print("\(set), all refused by version: \(versions.joined(separator: ", "))")
        #expect(counts[6] ?? 0 > 0)
    }

    /// What is wrong in either precision; single precision is left out where it has no reference or changes nothing.
    private static func problem(_ test: NodeTest, relative: Double) -> String? {
        do {
            if let problem = try test.problem(as: Double.self, relative: relative, absolute: 1e-7) { return problem }
            guard test.hasSinglePrecision else { return nil }
            return try test.problem(as: Float.self, relative: relative, absolute: 1e-7)
        } catch {
            return "\(error)"
        }
    }

    private static func folders(_ folder: URL) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
    }
}
