import Foundation
import SwiftProtobuf
import TestSupport
import Tensors
import Testing

@testable import ONNX
@testable import Pipeline

/// Graphs that can be read and planned, and are none to measure.
@Suite struct CheckModelTests {
    let run: RunCopy

    init() throws { run = try RunCopy() }

    /// Writes the shipped run's model anew: from x and W `[2, 6]` and b `[6]` to y `[batch, 6]`.
    private func write(_ nodes: [(name: String, inputs: [String], output: String, attributes: [AttributeProto])]) throws
    {
        func value(_ name: String, _ extents: [Int64?]) -> ValueInfoProto {
            ValueInfoProto.with {
                $0.name = name
                $0.type.tensorType.elemType = 1
                $0.type.tensorType.shape.dim = extents.map { extent in
                    .with { if let extent { $0.dimValue = extent } else { $0.dimParam = "batch" } }
                }
            }
        }
        let model = ModelProto.with {
            $0.irVersion = 9
            $0.opsetImport = [.with { $0.version = 18 }]
            $0.graph.input = [value("x", [nil, 6]), value("W", [2, 6]), value("b", [6])]
            $0.graph.output = [value("y", [nil, 6])]
            $0.graph.initializer = [.with { ($0.name, $0.dims, $0.dataType, $0.int64Data) = ("first", [1], 7, [0]) }]
            $0.graph.node = nodes.map { node in
                .with {
                    ($0.opType, $0.input, $0.output, $0.attribute) = (
                        node.name, node.inputs, [node.output], node.attributes
                    )
                }
            }
        }
        let bytes: Data = try model.serializedBytes()
        try bytes.write(to: URL(fileURLWithPath: "\(run.path)/model.onnx"))
        // Without recorded outputs, which no other model meets.
        try run.rewriteExamples([
            ("x", Tensor((0..<60).map { Float($0 % 7) / 7 }, shape: [10, 6])),
            ("targets", Tensor([Float](repeating: 0.5, count: 60), shape: [10, 6])),
        ])
    }

    /// h = x·Wᵀ, z = h·W + b, as trained.
    private let plain: [(name: String, inputs: [String], output: String, attributes: [AttributeProto])] = [
        ("Transpose", ["W"], "V", [.with { ($0.name, $0.type, $0.ints) = ("perm", .ints, [1, 0]) }]),
        ("MatMul", ["x", "V"], "h", []), ("MatMul", ["h", "W"], "p", []), ("Add", ["p", "b"], "z", []),
    ]

    @Test func `a model whose examples depend on each other is refused`() async throws {
        try write(plain + [("ReduceMean", ["z", "first"], "m", []), ("Sub", ["z", "m"], "y", [])])
        let found = try await failure { _ = try await analyzeRun(at: run.path, options: run.quick) }
        #expect(
            found.kind == .unsupported
                && found.reason.hasPrefix("\(run.path)/model.onnx: the outputs of an example depend"))
        #expect(found.reason.contains("`model.eval()`"))
        // So does `inspect`, among what is wrong.
        #expect(
            try await inspectRun(at: run.path).problems.contains { $0.contains("the outputs of an example depend") })
        try write(plain + [("Relu", ["z"], "y", [])])
        _ = try await analyzeRun(at: run.path, options: run.quick)
    }

    /// The shipped run's first bias is zero: so is what a gate of its size lets through.
    @Test func `mixing that begins later in training is refused at its start`() async throws {
        try write(
            plain + [
                ("ReduceMean", ["z", "first"], "m", []), ("Mul", ["m", "b"], "g", []), ("Sub", ["z", "g"], "y", []),
            ])
        let found = try await failure { _ = try await analyzeRun(at: run.path, options: run.quick) }
        #expect(
            found.kind == .unsupported && found.reason.contains("the outputs of an example depend"), "\(found.reason)")
    }

    /// The root of |z| has a gradient without bound at 0, where z is when W and b are.
    @Test func `a gradient that is not finite where settings are derived names the step`() async throws {
        try write(plain + [("Sub", ["z", "z"], "n", []), ("Sqrt", ["n"], "r", []), ("Add", ["r", "z"], "y", [])])
        var options = run.quick
        options.sampling.stepSize = nil
        let found = try await failure { [options] in _ = try await analyzeRun(at: run.path, options: options) }
        #expect(found.kind == .malformed, "\(found.reason)")
        #expect(found.reason.contains("at step 0, the gradient is not finite near the weights"), "\(found.reason)")
        #expect(found.reason.contains("state both --step-size and --localization"))
    }
}
