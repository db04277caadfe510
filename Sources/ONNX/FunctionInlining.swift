import Tensors

/// Replaces calls of a model's own functions by their bodies; ONNX `FunctionProto`.
///
/// Names inside a body are prefixed with the call's first output, which is unique in the graph.
struct FunctionInlining {
    /// A call is resolved by all three.
    private struct Name: Hashable {
        let domain: String
        let name: String
        let overload: String

        init(_ function: FunctionProto) {
            (domain, name, overload) = (function.domain, function.name, function.overload)
        }

        init(_ call: NodeProto) { (domain, name, overload) = (call.domain, call.opType, call.overload) }
    }

    /// Nested calls can multiply: what a graph may come to by them, far beyond what exporters write. A node counts with its
    /// names and what its attributes hold, and so does a call.
    private static let maximumNodeCount = 200_000
    private static let maximumByteCount = 1 << 29
    private static let maximumDepth = 64

    /// What calls have come to so far.
    private struct Size {
        var nodes = 0
        var bytes = 0

        mutating func add(_ node: NodeProto) {
            nodes += 1
            bytes += node.byteCount
        }

        func check(_ location: String) throws(ONNXError) {
            guard nodes <= maximumNodeCount, bytes <= maximumByteCount else {
                throw ONNXError(
                    .unsupported,
                    "with calls replaced by what they call, the graph has more than \(maximumNodeCount) nodes or "
                        + "\(maximumByteCount >> 20) MiB; export the model without functions",
                    location: location)
            }
        }
    }

    private let functions: [Name: FunctionProto]
    private let opset: Int

    /// Takes the model's functions and the version of the default operator set of its graph.
    ///
    /// - Throws: `malformed` for two functions of one name.
    init(_ functions: [FunctionProto], opset: Int) throws(ONNXError) {
        var named: [Name: FunctionProto] = [:]
        for function in functions {
            guard named.updateValue(function, forKey: Name(function)) == nil else {
                throw ONNXError(.malformed, "there are two of this name", location: "function \"\(function.name)\"")
            }
        }
        self.functions = named
        self.opset = opset
    }

    /// The nodes with all calls replaced.
    ///
    /// - Throws: `unsupported`, naming every operator that is neither of the default domain nor a function.
    func inlined(_ nodes: [NodeProto]) throws(ONNXError) -> [NodeProto] {
        var result: [NodeProto] = []
        var foreign: Set<String> = []
        var size = Size()
        for node in nodes { try inline(node, depth: 0, into: &result, foreign: &foreign, size: &size) }
        guard foreign.isEmpty else {
            throw ONNXError(
                .unsupported,
                "operators outside the ONNX standard: \(foreign.sorted().list); export to the default "
                    + "domain, without runtime-specific optimisation")
        }
        return result
    }

    private func inline(
        _ node: NodeProto, depth: Int, into result: inout [NodeProto], foreign: inout Set<String>, size: inout Size
    ) throws(ONNXError) {
        guard let function = functions[Name(node)] else {
            if !node.domain.isEmpty && node.domain != "ai.onnx" { foreign.insert("\(node.domain).\(node.opType)") }
            result.append(node)
            return
        }
        let location = "function \(function.domain).\(function.name)"
        guard depth < Self.maximumDepth else {
            throw ONNXError(
                .malformed, "calls of functions are nested more than \(Self.maximumDepth) deep; does one call itself?",
                location: location)
        }
        if let own = function.opsetImport.first(where: { $0.domain.isEmpty || $0.domain == "ai.onnx" })?.version,
            own != opset
        {
            throw ONNXError(
                .unsupported,
                "it is written for opset \(own), the graph for opset \(opset); export both for one version",
                location: location)
        }
        size.bytes += (function.input.count + function.output.count) * NodeProto.entryByteCount
        try size.check(location)
        let names = try actualNames(function, call: node, location: location)
        let attributes = Dictionary(
            (node.attribute + function.attributeProto).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        size.bytes += attributes.count * NodeProto.entryByteCount
        for inner in function.node {
            // Before it is copied, by what it holds itself; what attributes of the call put into it is counted after.
            size.add(inner)
            try size.check(location)
            var copy = inner
            copy.input = inner.input.map(names)
            copy.output = inner.output.map(names)
            copy.name = inner.name.isEmpty ? "" : "\(node.name)/\(inner.name)"
            copy.attribute = inner.attribute.compactMap { attribute in
                let value = resolved(attribute, from: attributes)
                if let value, !attribute.refAttrName.isEmpty { size.bytes += value.byteCount }
                return value
            }
            try size.check(location)
            try inline(copy, depth: depth + 1, into: &result, foreign: &foreign, size: &size)
        }
    }

    /// Maps the names of a body to those at the place of the call; an input left out becomes the empty name.
    private func actualNames(
        _ function: FunctionProto, call: NodeProto, location: String
    ) throws(ONNXError) -> (String) -> String {
        guard call.input.count <= function.input.count, call.output.count <= function.output.count,
            let prefix = call.output.first(where: { !$0.isEmpty })
        else {
            throw ONNXError(
                .malformed,
                "it has \(function.input.count.counted("input")) and \(function.output.count.counted("output")); a call gives "
                    + "\(call.input.count) and takes \(call.output.count)",
                location: location)
        }
        var actual: [String: String] = [:]
        for (index, formal) in function.input.enumerated() {
            actual[formal] = index < call.input.count ? call.input[index] : ""
        }
        for (formal, name) in zip(function.output, call.output) where !name.isEmpty { actual[formal] = name }
        return { [actual] name in name.isEmpty ? "" : actual[name] ?? "\(prefix)/\(name)" }
    }

    /// An attribute of the body: its own value, the call's, the function's default, or none.
    private func resolved(_ attribute: AttributeProto, from attributes: [String: AttributeProto]) -> AttributeProto? {
        guard attribute.hasRefAttrName, !attribute.refAttrName.isEmpty else { return attribute }
        guard var value = attributes[attribute.refAttrName] else { return nil }
        value.name = attribute.name
        return value
    }
}

extension NodeProto {
    /// About the bytes that a name, a list or an attribute takes beside its contents.
    fileprivate static let entryByteCount = 64

    /// About the bytes that the node holds.
    fileprivate var byteCount: Int {
        let names = (input + output).reduce(name.utf8.count) { $0 + $1.utf8.count + Self.entryByteCount }
        return attribute.reduce(names) { $0 + $1.byteCount }
    }
}

extension AttributeProto {
    /// About the bytes that the attribute holds.
    fileprivate var byteCount: Int {
        let words = ints.count + t.int64Data.count + t.uint64Data.count + t.doubleData.count + t.dims.count
        let halves = floats.count + t.floatData.count + t.int32Data.count
        let texts = strings.reduce(0) { $0 + $1.count + NodeProto.entryByteCount }
        return NodeProto.entryByteCount + name.utf8.count + s.count + t.rawData.count + 8 * words + 4 * halves + texts
    }
}
