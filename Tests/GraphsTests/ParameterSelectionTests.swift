import Foundation
import Tensors
import Testing

@testable import Graphs

@Suite struct ParameterSelectionTests {
    /// Two blocks of a transformer: a projection per head, a fused projection, a bias; statistics, and a tied embedding.
    private static let tensors: [(name: String, shape: Shape)] = [
        ("embed", [5, 4]), ("blocks.0.W_Q", [2, 4, 3]), ("blocks.0.c_attn", [4, 6]), ("blocks.0.bias", [4]),
        ("blocks.1.W_Q", [2, 4, 3]), ("blocks.1.c_attn", [4, 6]), ("blocks.1.bias", [4]), ("mean", [4]),
    ]
    private let binding: ParameterBinding

    init() throws {
        let inputs = Self.tensors.map { tensor in
            TestGraphs.input(tensor.name, tensor.shape.dimensions.map { .fixed($0) })
        }
        let graph = TestGraphs.graph(
            [TestGraphs.input("x", [.symbolic("batch"), .fixed(4)])] + inputs,
            Self.tensors.enumerated().map { index, tensor in
                Node(operatorName: "Identity", inputs: [tensor.name], outputs: ["y\(index)"])
            } + [Node(operatorName: "Neg", inputs: ["x"], outputs: ["y"])])
        binding = try ParameterBinding(
            graph: graph,
            tensors: Self.tensors.map { TestGraphs.tensor($0.name, $0.shape) } + [
                TestGraphs.tensor("unembed", [5, 4])
            ],
            rules: BindingRules(buffers: ["mean"]), dataNames: ["x"]
        ) { Set([$0, $1]) == ["embed", "unembed"] }
    }

    private func slot(_ name: String) throws -> ParameterBinding.Slot {
        try #require(binding.slots.first { $0.name == name })
    }

    /// What is selected, coordinate by coordinate, as the names of the tensors and the places in them.
    private func selected(_ patterns: String...) throws -> [String: [Int]] {
        let (ranges, restricted) = try ParameterSelection(patterns).resolve(in: binding)
        for (range, next) in zip(ranges, ranges.dropFirst()) { #expect(range.upperBound < next.lowerBound) }
        #expect(ranges.allSatisfy { !$0.isEmpty })
        var result: [String: [Int]] = [:]
        for slot in binding.slots {
            let places = ranges.flatMap { $0.clamped(to: slot.range) }.map { $0 - slot.range.lowerBound }
            if !places.isEmpty { result[slot.name] = places }
        }
        #expect(Set(restricted.slots.filter(\.isTrainable).map(\.name)) == Set(result.keys))
        #expect(restricted.slots.map(\.range) == binding.slots.map(\.range))
        return result
    }

    @Test(arguments: [
        ("blocks.0.*", ["blocks.0.W_Q", "blocks.0.c_attn", "blocks.0.bias"]),
        ("*.?_Q", ["blocks.0.W_Q", "blocks.1.W_Q"]), ("blocks.?.bias", ["blocks.0.bias", "blocks.1.bias"]),
        ("*1*a*", ["blocks.1.c_attn", "blocks.1.bias"]), ("embed", ["embed"]), (" embed ", ["embed"]),
        ("unemb*", ["embed"]), ("***bias", ["blocks.0.bias", "blocks.1.bias"]),
        (
            "*",
            [
                "embed", "blocks.0.W_Q", "blocks.0.c_attn", "blocks.0.bias", "blocks.1.W_Q", "blocks.1.c_attn",
                "blocks.1.bias",
            ]
        ),
    ])
    func `wildcards name whole tensors, and never one that is not sampled`(pattern: String, names: [String]) throws {
        let found = try selected(pattern)
        #expect(Set(found.keys) == Set(names))
        for name in names { #expect(try found[name] == Array(0..<slot(name).range.count)) }
    }

    @Test(arguments: [
        ("blocks.0.W_Q[1]", Array(12..<24)), ("blocks.0.W_Q[-2]", Array(0..<12)),
        ("blocks.0.W_Q[1:]", Array(12..<24)), ("blocks.0.W_Q[:]", Array(0..<24)),
        ("blocks.0.W_Q[:, 3]", [9, 10, 11, 21, 22, 23]), ("blocks.0.W_Q[1,2:,-1]", [20, 23]),
        ("blocks.0.W_Q[ : , 1 : 3 , : ]", [3, 4, 5, 6, 7, 8, 15, 16, 17, 18, 19, 20]),
        ("blocks.0.W_Q[:, :, 0]", [0, 3, 6, 9, 12, 15, 18, 21]), ("blocks.0.W_Q[0,0,0]", [0]),
        ("blocks.0.W_Q[0,:4,0:-1]", [0, 1, 3, 4, 6, 7, 9, 10]),
    ])
    func `slices are NumPy's`(pattern: String, places: [Int]) throws {
        #expect(try selected(pattern) == ["blocks.0.W_Q": places])
    }

    @Test func `a slice of a fused projection applies to every tensor that the name fits`() throws {
        let columns = [4, 5, 10, 11, 16, 17, 22, 23]
        #expect(
            try selected("blocks.*.c_attn[:, -2:]") == ["blocks.0.c_attn": columns, "blocks.1.c_attn": columns])
    }

    @Test func `patterns are united and exclusions taken away, in any order`() throws {
        let expected = try ["blocks.0.c_attn": Array(6..<24), "blocks.1.bias": selected("*.1.bias")["blocks.1.bias"]]
        #expect(try selected("blocks.0.c_attn", "blocks.1.bias", "!*.c_attn[0]") == expected)
        #expect(try selected("!*.c_attn[0]", "blocks.1.b*", "blocks.0.c_attn[1:]", "blocks.0.c_attn") == expected)
    }

    @Test func `exclusions alone leave everything else`() throws {
        let found = try selected("!blocks.*", "!embed[1:]", "!mean")
        #expect(found == ["embed": [0, 1, 2, 3]])
    }

    @Test func `neighbours are joined into one range`() throws {
        #expect(try ParameterSelection(["*"]).resolve(in: binding).ranges == [0..<124])
        #expect(try ParameterSelection(["embed[4]", "blocks.0.W_Q[0]"]).resolve(in: binding).ranges == [16..<32])
    }

    @Test(arguments: [
        ("", "a name"), ("!", "a name"), ("[3]", "a name"), ("w[3", "a ]"), ("w]", "a [ before"),
        ("w[]", "without steps"), ("w[::2]", "::2"), ("w[1.5]", "1.5"), ("w[a]", "\"a\""), ("w[1,]", "1,"),
        ("w[99999999999999999999]", "99999999999999999999"),
    ])
    func `what cannot be read is malformed, with the pattern and what was expected`(pattern: String, words: String) {
        let error = #expect(throws: GraphError.self) { try ParameterSelection(["embed", pattern]) }
        #expect(error?.kind == .malformed && error?.location == nil)
        #expect(error?.reason.hasPrefix("parameters \"\(pattern)\": ") == true)
        #expect(error?.reason.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test func `no pattern is no selection`() {
        let error = #expect(throws: GraphError.self) { try ParameterSelection([]) }
        #expect(error?.kind == .malformed && error?.reason.contains("at least one pattern") == true)
    }

    @Test(arguments: [
        ("blocks.0.c_atn", GraphError.Kind.notFound, "nearest are blocks.0.c_attn, "),
        ("blocks.1.att*bias", .notFound, "nearest are blocks.1.bias, "), ("!blocks.2.*", .notFound, "nearest are"),
        ("mean", .mismatch, "only buffers: mean"), ("blocks.0.bias[4]", .mismatch, "blocks.0.bias [4]"),
        ("blocks.0.bias[-5]", .mismatch, "-5 of"), ("blocks.0.c_attn[:, 4:7]", .mismatch, "6 along axis 1, found 4:7"),
        ("blocks.0.c_attn[2:2]", .mismatch, "2:2"), ("blocks.0.c_attn[3:1]", .mismatch, "3:1"),
        ("blocks.0.bias[9223372036854775807]", .mismatch, "9223372036854775807"),
        ("blocks.0.bias[-9223372036854775808:]", .mismatch, "-9223372036854775808:"),
        ("blocks.0.bias[0, 0]", .mismatch, "at most 1 axes, found 2 of blocks.0.bias [4]"),
        ("*[3]", .mismatch, "along axis 0, found 3 of blocks.0.W_Q [2, 4, 3]"),
    ])
    func `what fits nothing, or not the shape, is refused with the names or the shape`(
        pattern: String, kind: GraphError.Kind, words: String
    ) throws {
        let selection = try ParameterSelection(["*", pattern])
        let error = #expect(throws: GraphError.self) { try selection.resolve(in: binding) }
        #expect(error?.kind == kind && error?.location == nil)
        #expect(error?.reason.hasPrefix("parameters \"\(pattern)\": ") == true)
        #expect(error?.reason.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test func `an empty selection is refused`() throws {
        let selection = try ParameterSelection(["blocks.0.bias", "!*.bias"])
        let error = #expect(throws: GraphError.self) { try selection.resolve(in: binding) }
        #expect(error?.kind == .mismatch && error?.description.contains("!*.bias") == true)
    }

    @Test func `a selection is stored as its patterns`() throws {
        let selection = try ParameterSelection(["blocks.0.*", " !*.bias", "blocks.1.W_Q[:, -2:]"])
        #expect(selection.patterns == ["blocks.0.*", "!*.bias", "blocks.1.W_Q[:, -2:]"])
        let stored = try JSONEncoder().encode(selection)
        #expect(try JSONDecoder().decode([String].self, from: stored) == selection.patterns)
        #expect(try JSONDecoder().decode(ParameterSelection.self, from: stored) == selection)
        #expect(throws: GraphError.self) {
            try JSONDecoder().decode(ParameterSelection.self, from: Data("[\"w[\"]".utf8))
        }
    }
}
