import Foundation
import Graphs
import SwiftProtobuf
import Tensors

extension Node {
    /// Converts a node of the default domain; ONNX `NodeProto`.
    init(_ proto: NodeProto) throws(ONNXError) {
        let label = proto.name.isEmpty ? (proto.output.first ?? "unnamed") : proto.name
        let location = "node \"\(label)\" (\(proto.opType))"
        var attributes: [String: Attribute] = [:]
        for attribute in proto.attribute {
            let value = try Attribute(attribute, location: location)
            guard attributes.updateValue(value, forKey: attribute.name) == nil else {
                throw ONNXError(.malformed, "attribute \(attribute.name) is given twice", location: location)
            }
        }
        self.init(
            name: proto.name, operatorName: proto.opType, domain: proto.domain, inputs: proto.input,
            outputs: proto.output, attributes: attributes)
    }
}

extension Attribute {
    /// Converts an attribute by its stated type; ONNX `AttributeProto`.
    fileprivate init(_ proto: AttributeProto, location: String) throws(ONNXError) {
        guard proto.refAttrName.isEmpty else {
            throw ONNXError(
                .malformed, "attribute \(proto.name) refers to one of a function, and stands in none",
                location: location)
        }
        switch proto.type {
        case .int: self = .integer(Int(proto.i))
        case .float: self = .float(proto.f)
        case .string: self = .string(try Self.text(proto.s, proto, location))
        case .ints: self = .integers(proto.ints.map { Int($0) })
        case .floats: self = .floats(proto.floats)
        case .strings:
            self = .strings(try proto.strings.map { s throws(ONNXError) in try Self.text(s, proto, location) })
        case .tensor: self = .tensor(try Tensor(proto.t, location: "\(location), attribute \(proto.name)"))
        case .graph, .graphs:
            throw ONNXError(
                .unsupported,
                "attribute \(proto.name) is a subgraph; loops and branches are not read: export the model without them",
                location: location)
        case .undefined:
            throw ONNXError(.malformed, "attribute \(proto.name) states no type", location: location)
        case .tensors, .sparseTensor, .sparseTensors, .typeProto, .typeProtos:
            throw ONNXError(
                .unsupported, "attribute \(proto.name) is of a kind that is not read (\(proto.type))",
                location: location)
        }
    }

    private static func text(_ bytes: Data, _ proto: AttributeProto, _ location: String) throws(ONNXError) -> String {
        guard let text = String(bytes: bytes, encoding: .utf8) else {
            throw ONNXError(.malformed, "attribute \(proto.name) is no UTF-8 text", location: location)
        }
        return text
    }
}
