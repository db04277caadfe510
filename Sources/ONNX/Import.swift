import Foundation
public import Graphs
import SwiftProtobuf
import Tensors

extension Graph {
    /// The versions of the default operator set that are read.
    static let supportedOpsets = 13...25
    /// The limit of the protobuf format.
    private static let maximumByteCount = Int(Int32.max)

    /// Reads the forward graph of an ONNX file.
    ///
    /// Source: Open Neural Network Exchange Intermediate Representation, IR versions 7 to 13.
    ///
    /// - Throws: `notFound` or `io` where the file cannot be read, `unsupported` where it is larger than 2 GiB, which
    ///   protobuf files cannot be; otherwise as ``init(onnx:file:)``.
    public init(onnxFile path: String) throws(ONNXError) {
        let file: RegularFile
        do throws(RegularFile.Problem) { file = try RegularFile(path) } catch {
            switch error {
            case .isNoFile: throw ONNXError(.mismatch, "expected an ONNX file, found a folder or device", file: path)
            case .isAbsent: throw ONNXError(.notFound, "there is no such file", file: path)
            case .system: throw ONNXError(.io, "cannot be opened: \(error.words); check its permissions", file: path)
            }
        }
        guard file.count <= Self.maximumByteCount else {
            throw ONNXError(
                .unsupported,
                "has \(file.count) bytes, and no protobuf file more than \(Self.maximumByteCount); export the model with its "
                    + "parameters as graph inputs", file: path)
        }
        let bytes: [UInt8]
        do throws(RegularFile.Problem) { bytes = try file.bytes() } catch {
            throw ONNXError(.io, "cannot be read: \(error.words)", file: path)
        }
        try self.init(onnx: bytes, file: path)
    }

    /// Decodes the forward graph of an ONNX model.
    ///
    /// Model-local functions are inlined. Subgraphs (If, Loop, Scan), sparse tensors and external data are refused, as
    /// is every operator outside the default domain that is no function of the model; these are named all at once.
    ///
    /// - Parameters:
    ///   - bytes: The file's contents.
    ///   - file: What messages call the file.
    /// - Throws: `malformed` for bytes that are no complete model, `unsupported` for what Instar does not read.
    public init(onnx bytes: some Sequence<UInt8>, file: String) throws(ONNXError) {
        do throws(ONNXError) {
            self = try Graph(Self.decode(Array(bytes)))
        } catch {
            var located = error
            located.file = file
            throw located
        }
    }

    private static func decode(_ bytes: [UInt8]) throws(ONNXError) -> ModelProto {
        var options = BinaryDecodingOptions()
        options.discardUnknownFields = true
        do {
            return try ModelProto(serializedBytes: bytes, options: options)
        } catch {
            throw ONNXError(
                .malformed, "\(bytes.count) bytes are no complete ONNX model; copy or export the file again")
        }
    }

    private init(_ model: ModelProto) throws(ONNXError) {
        guard model.hasGraph, !model.graph.output.isEmpty else {
            throw ONNXError(.malformed, "the file holds no graph with an output; is it an ONNX model?")
        }
        if let sparse = model.graph.sparseInitializer.first {
            throw ONNXError(
                .unsupported, "sparse tensors are not read; store it densely",
                location: "initializer \"\(sparse.values.name)\"")
        }
        let opset = try Self.opset(model.opsetImport)
        let protos = try FunctionInlining(model.functions, opset: opset).inlined(model.graph.node)
        var initializers: [String: Tensor] = [:]
        for proto in model.graph.initializer {
            let tensor = try Tensor(proto, location: "initializer \"\(proto.name)\"")
            guard initializers.updateValue(tensor, forKey: proto.name) == nil else {
                throw ONNXError(.malformed, "there are two of this name", location: "initializer \"\(proto.name)\"")
            }
        }
        var nodes: [Node] = []
        for proto in protos { nodes.append(try Node(proto)) }
        self.init(
            inputs: try Self.values(model.graph.input, role: "input"),
            outputs: try Self.values(model.graph.output, role: "output"),
            initializers: initializers,
            nodes: nodes,
            opset: opset)
        try checkNames()
    }

    private static func opset(_ imports: [OperatorSetIdProto]) throws(ONNXError) -> Int {
        let versions = Set(imports.filter { $0.domain.isEmpty || $0.domain == "ai.onnx" }.map(\.version))
        guard let version = versions.first, versions.count == 1 else {
            throw ONNXError(
                .malformed,
                versions.isEmpty
                    ? "the model does not say which version of the ONNX operators it uses"
                    : "the model says that it uses several versions of the ONNX operators: "
                        + versions.sorted().map { "\($0)" }.list)
        }
        guard let opset = Int(exactly: version), supportedOpsets.contains(opset) else {
            throw ONNXError(
                .unsupported,
                "opset \(version) of ai.onnx; \(supportedOpsets.lowerBound) to \(supportedOpsets.upperBound) are read: "
                    + "export again with opset 18 or 20")
        }
        return opset
    }

    private static func values(_ protos: [ValueInfoProto], role: String) throws(ONNXError) -> [Graph.Value] {
        var values: [Graph.Value] = []
        for proto in protos {
            let location = "\(role) \"\(proto.name)\""
            guard case .tensorType(let type) = proto.type.value else {
                throw ONNXError(
                    .unsupported, "it is declared as something else than a dense tensor (a sequence, map or optional)",
                    location: location)
            }
            let elementType = try ElementType(onnx: type.elemType, location: location)
            let dimensions =
                type.hasShape
                ? try type.shape.dim.map { dimension throws(ONNXError) in
                    try extent(dimension, location: location)
                } : nil
            values.append(Graph.Value(name: proto.name, elementType: elementType, dimensions: dimensions))
        }
        return values
    }

    private static func extent(
        _ dimension: TensorShapeProto.Dimension, location: String
    ) throws(ONNXError) -> Graph.Extent {
        switch dimension.value {
        case .dimValue(let value):
            guard let extent = Int(exactly: value), extent >= 0 else {
                throw ONNXError(.malformed, "an extent of \(value) is declared", location: location)
            }
            return .fixed(extent)
        case .dimParam(let name): return name.isEmpty ? .unknown : .symbolic(name)
        case nil: return .unknown
        }
    }

    /// Checks that every name is given once and before it is used, as the standard's single assignment form asks.
    private func checkNames() throws(ONNXError) {
        var known: Set<String> = []
        for input in inputs where !known.insert(input.name).inserted {
            throw ONNXError(.malformed, "there are two of this name", location: "input \"\(input.name)\"")
        }
        known.formUnion(initializers.keys)
        for node in nodes {
            let location = "node \"\(node.label)\" (\(node.operatorName))"
            for name in node.inputs where !name.isEmpty && !known.contains(name) {
                throw ONNXError(
                    .malformed,
                    "it reads \"\(name)\", which no input, initializer or earlier node gives; nodes must stand in the order "
                        + "of evaluation, and cannot read what depends on them",
                    location: location)
            }
            for name in node.outputs where !name.isEmpty && !known.insert(name).inserted {
                throw ONNXError(.malformed, "it gives \"\(name)\", which exists already", location: location)
            }
        }
        for output in outputs where !known.contains(output.name) {
            throw ONNXError(.malformed, "no node gives it", location: "output \"\(output.name)\"")
        }
    }
}
