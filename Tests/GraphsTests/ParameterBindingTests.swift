import TestSupport
import Tensors
import Testing

@testable import Graphs

@Suite struct ParameterBindingTests {
    private let data = TestGraphs.input("x", [.symbolic("batch"), .fixed(2)])
    private func graph(_ weight: String, initializers: [String: Tensor] = [:]) -> Graph {
        TestGraphs.graph(
            [data, TestGraphs.input(weight, [.fixed(3), .fixed(2)])], initializers: initializers,
            [Node(operatorName: "Gemm", inputs: ["x", weight], outputs: ["y"], attributes: ["transB": .integer(1)])])
    }
    private func bind(
        _ graph: Graph, _ tensors: [CheckpointTensor], _ rules: BindingRules = BindingRules(),
        dataNames: [String]? = nil, equal: (String, String) -> Bool = { _, _ in false }
    ) throws -> ParameterBinding {
        try ParameterBinding(graph: graph, tensors: tensors, rules: rules, dataNames: dataNames, equal: equal)
    }
    private func refusal(
        _ graph: Graph, _ tensors: [CheckpointTensor], _ rules: BindingRules = BindingRules(),
        dataNames: [String]? = nil
    ) -> GraphError? {
        #expect(throws: GraphError.self) { try bind(graph, tensors, rules, dataNames: dataNames) }
    }

    @Test func `equal names meet and the flat vector keeps the checkpoint's order`() throws {
        let binding = try bind(TestGraphs.network, TestGraphs.networkTensors.reversed())
        #expect(binding.slots.map(\.name) == ["b2", "w2", "b1", "w1"])
        #expect(binding.slots.map(\.range) == [0..<3, 3..<18, 18..<23, 23..<43])
        #expect(binding.parameterCount == 43 && binding.trainableRanges.count == 4)
        #expect(binding.dataInputs.map(\.name) == ["x"] && binding.strippedPrefix == nil)
    }

    @Test(arguments: ["module.", "_orig_mod.", "model.", "net."])
    func `one prefix may be missing on either side`(prefix: String) throws {
        let onCheckpoint = try bind(graph("fc.weight"), [TestGraphs.tensor(prefix + "fc.weight", [3, 2])])
        let onGraph = try bind(graph(prefix + "fc.weight"), [TestGraphs.tensor("fc.weight", [3, 2])])
        #expect(onCheckpoint.slots.first?.valueName == "fc.weight" && onCheckpoint.strippedPrefix == prefix)
        #expect(onGraph.slots.first?.valueName == prefix + "fc.weight" && onGraph.strippedPrefix == prefix)
        // The recorder may know the tensor under the graph's name only.
        let rules = BindingRules(trainable: ["fc.weight"])
        let trained = try bind(graph("fc.weight"), [TestGraphs.tensor(prefix + "fc.weight", [3, 2])], rules)
        #expect(trained.slots.first?.isTrainable == true)
    }

    @Test func `a slash is read as a dot`() throws {
        let binding = try bind(graph("fc/weight"), [TestGraphs.tensor("fc.weight", [3, 2])])
        #expect(binding.slots.first?.valueName == "fc/weight" && binding.strippedPrefix == nil)
    }

    @Test(arguments: [
        (["fc/w", "module.fc.w"], ["fc.w"], "tensor fc.w may be any of fc/w, module.fc.w; give it one's name"),
        (["fc/w"], ["fc.w", "module.fc.w"], "tensors fc.w and module.fc.w may both be fc/w; give one its name"),
    ])
    func `names that may mean several are refused`(weights: [String], tensors: [String], words: String) {
        let graph = TestGraphs.graph([data] + weights.map { TestGraphs.input($0, [.fixed(2)]) }, [])
        let error = refusal(graph, tensors.map { TestGraphs.tensor($0, [2]) })
        #expect(error?.kind == .mismatch && error?.reason.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test func `what is computed from examples is no tensor's, whatever its name`() throws {
        let nodes = [
            Node(operatorName: "Relu", inputs: ["x"], outputs: ["h"]),
            Node(operatorName: "Neg", inputs: ["stored"], outputs: ["w"]),
            Node(operatorName: "Add", inputs: ["h", "w"], outputs: ["y"]),
        ]
        let graph = TestGraphs.graph([data], initializers: ["stored": Tensor([1.0, 2], shape: [2])], nodes)
        let rules = BindingRules(constants: ["stored"])
        let error = refusal(graph, [TestGraphs.tensor("w", [2]), TestGraphs.tensor("h", [2])], rules, dataNames: ["x"])
        #expect(error?.reason.contains("does not use checkpoint tensors h") == true, "\(error?.description ?? "")")
        // What is stored under another name, and made by a node, may be given.
        #expect(try bind(graph, [TestGraphs.tensor("w", [2])], rules, dataNames: ["x"]).slots.map(\.valueName) == ["w"])
    }

    @Test func `equal shapes alone bind nothing`() {
        let error = refusal(graph("fc.weight"), [TestGraphs.tensor("other", [3, 2])])
        #expect(error?.kind == .mismatch && error?.reason.contains("other") == true)
    }

    @Test func `unused tensors are all listed, and may be ignored`() throws {
        let tensors = [TestGraphs.tensor("w", [3, 2]), TestGraphs.tensor("p", [3]), TestGraphs.tensor("q", [])]
        let error = refusal(graph("w"), tensors)
        #expect(error?.kind == .mismatch && error?.reason.contains("p, q") == true)
        #expect(try bind(graph("w"), tensors, BindingRules(ignored: ["p", "q"])).slots.count == 1)
    }

    @Test func `an unused tensor equal to a bound one is tied`() throws {
        let tensors = [TestGraphs.tensor("w", [3, 2]), TestGraphs.tensor("v", [3, 2])]
        let binding = try bind(graph("w"), tensors, BindingRules(trainable: ["v"])) { $0 == "w" && $1 == "v" }
        #expect(binding.tiedPairs == [.init(name: "w", duplicate: "v")])
        #expect(binding.slots.map(\.isTrainable) == [true])
    }

    @Test func `shapes that differ are all listed`() {
        let tensors = [
            TestGraphs.tensor("w1", [4, 5]), TestGraphs.tensor("b1", [5]), TestGraphs.tensor("w2", [3, 5]),
            TestGraphs.tensor("b2", [4]),
        ]
        let error = refusal(TestGraphs.network, tensors)
        #expect(error?.kind == .mismatch && error?.reason.contains("checkpoint and graph disagree") == true)
        #expect(error?.reason.contains("w1") == true && error?.reason.contains("b2") == true)
    }

    @Test(arguments: [nil, ["x"]] as [[String]?])
    func `a graph input that nothing provides is refused`(dataNames: [String]?) {
        let error = refusal(graph("w"), [], dataNames: dataNames)
        #expect(error?.kind == .notFound && error?.reason.contains("w [3, 2]") == true)
    }

    @Test func `a folded weight is refused unless it is listed as constant`() throws {
        let folded = Tensor([1, 2] as [Float], shape: [2])
        let stored = graph("w", initializers: ["val_42": folded])
        let error = refusal(stored, [TestGraphs.tensor("w", [3, 2])])
        #expect(error?.kind == .unsupported && error?.reason.contains("val_42") == true)
        #expect(error?.reason.contains("parameters as inputs") == true)
        let rules = BindingRules(constants: ["val_42"])
        #expect(try bind(stored, [TestGraphs.tensor("w", [3, 2])], rules).slots.count == 1)
    }

    @Test func `a folded weight in a Constant node is refused too`() {
        var graph = graph("w")
        graph.nodes.insert(
            Node(
                operatorName: "Constant", inputs: [], outputs: ["c"],
                attributes: ["value": .tensor(Tensor([1, 2] as [Float], shape: [2]))]), at: 0)
        #expect(refusal(graph, [TestGraphs.tensor("w", [3, 2])])?.kind == .unsupported)
    }

    @Test func `numbers of a Constant node count however they are written`() {
        var graph = graph("w")
        graph.nodes.insert(
            Node(
                operatorName: "Constant", inputs: [], outputs: ["c"], attributes: ["value_floats": .floats([1, 2])]),
            at: 0)
        #expect(refusal(graph, [TestGraphs.tensor("w", [3, 2])])?.reason.contains("c [2]") == true)
    }

    @Test func `a lost weight and the tensor it may have gone into are named together`() {
        let transposed = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
        let error = refusal(
            graph("w", initializers: ["val_42": transposed]),
            [TestGraphs.tensor("w", [3, 2]), TestGraphs.tensor("v", [3, 2])])
        #expect(error?.kind == .mismatch)
        #expect(error?.reason.contains("tensors v;") == true && error?.reason.contains("val_42 [2, 3]") == true)
        #expect(error?.reason.contains("optimize=False") == true)
    }

    @Test func `a parameter that no node reads is refused unless it is a buffer`() throws {
        var unread = graph("w")
        unread.inputs.append(TestGraphs.input("v", [.fixed(2)]))
        let tensors = [TestGraphs.tensor("w", [3, 2]), TestGraphs.tensor("v", [2])]
        let error = refusal(unread, tensors)
        #expect(error?.kind == .mismatch && error?.reason.contains("reads v") == true)
        #expect(try bind(unread, tensors, BindingRules(buffers: ["v"])).slots.map(\.isTrainable) == [true, false])
    }

    @Test(arguments: [false, true])
    func `the ones and zeros of a group normalisation are no weights`(isScaled: Bool) throws {
        let units = [
            "ones": Tensor(isScaled ? [1, 2] : [1, 1] as [Float], shape: [2]),
            "zeros": Tensor([0, 0] as [Float], shape: [2]),
        ]
        let graph = TestGraphs.graph(
            [data, TestGraphs.input("w", [.fixed(2)])], initializers: units,
            [
                Node(operatorName: "InstanceNormalization", inputs: ["x", "ones", "zeros"], outputs: ["n"]),
                Node(operatorName: "Mul", inputs: ["n", "w"], outputs: ["y"]),
            ])
        let tensors = [TestGraphs.tensor("w", [2])]
        if isScaled {
            let reason = refusal(graph, tensors)?.reason
            #expect(reason?.contains("ones [2]") == true && reason?.contains("zeros") == false)
        } else {
            #expect(try bind(graph, tensors).slots.map(\.name) == ["w"])
        }
    }

    @Test func `a value that an Identity node makes can be bound`() throws {
        var graph = TestGraphs.network
        graph.inputs.removeAll { $0.name == "b2" }
        graph.initializers["shared"] = Tensor([0, 0, 0] as [Float], shape: [3])
        graph.nodes.insert(Node(operatorName: "Identity", inputs: ["shared"], outputs: ["b2"]), at: 0)
        let rules = BindingRules(constants: ["shared"])
        let binding = try bind(graph, TestGraphs.networkTensors, rules)
        #expect(binding.slots.contains { $0.valueName == "b2" })
        #expect(try Plan(graph: graph, binding: binding, exampleShapes: ["x": [4]]).evaluatedCount == 4)
    }

    @Test func `running statistics and buffers are fed and not sampled`() throws {
        let names = ["scale", "bias", "mean", "variance"]
        let graph = TestGraphs.graph(
            [data] + names.map { TestGraphs.input($0, [.fixed(2)]) },
            [Node(operatorName: "BatchNormalization", inputs: ["x"] + names, outputs: ["y"])])
        let tensors = names.map { TestGraphs.tensor($0, [2]) } + [TestGraphs.tensor("count", [], .int64)]
        #expect(try bind(graph, tensors).slots.map(\.isTrainable) == [true, true, false, false])
        let buffered = try bind(graph, tensors, BindingRules(buffers: ["bias"]))
        #expect(buffered.trainableRanges == [0..<2] && buffered.parameterCount == 8)
        #expect(try bind(graph, tensors, BindingRules(trainable: ["mean"])).trainableRanges == [4..<6])
    }

    @Test func `a rule that names nothing is refused`() {
        let error = refusal(graph("w"), [TestGraphs.tensor("w", [3, 2])], BindingRules(trainable: ["v"]))
        #expect(error?.kind == .notFound && error?.reason.contains("lists v, which no checkpoint holds") == true)
        let ignored = refusal(graph("w"), [TestGraphs.tensor("w", [3, 2])], BindingRules(ignored: ["x"]))
        #expect(ignored?.kind == .notFound && ignored?.reason.contains("lists x, which no checkpoint holds") == true)
    }

    @Test func `a tensor that is to be sampled and not to be is refused`() {
        let error = refusal(
            graph("w"), [TestGraphs.tensor("w", [3, 2])], BindingRules(trainable: ["w"], buffers: ["w"]))
        #expect(error?.kind == .mismatch && error?.reason.hasPrefix("w: listed under `trainable:` and under") == true)
    }

    @Test func `flatten follows the slots and refuses what differs`() throws {
        let binding = try bind(graph("w"), [TestGraphs.tensor("w", [3, 2])])
        let weight = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [3, 2])
        #expect(try binding.flatten(["w": weight]) == [1, 2, 3, 4, 5, 6] as [Double])
        let missing = #expect(throws: GraphError.self) { let _: [Double] = try binding.flatten([:]) }
        #expect(missing?.kind == .notFound && missing?.reason.contains("w is not in this checkpoint") == true)
        let other = #expect(throws: GraphError.self) {
            let _: [Double] = try binding.flatten(["w": Tensor([1] as [Float], shape: [1])])
        }
        #expect(other?.kind == .mismatch && other?.reason.contains("w is float32 [1] in this checkpoint") == true)
    }
}
