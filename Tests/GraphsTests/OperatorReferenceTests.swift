import Foundation
import TestSupport
import Tensors
import Testing

@testable import Graphs

/// Every operator against PyTorch: Fixtures/references/operators.
@Suite struct OperatorReferenceTests {
    // Cases have at most a few hundred elements: sums of rounding errors stay below a thousand units in the last place.
    private static let tolerances = (double: 1e-12, float: 1e-5)

    @Test func `every operator has references`() throws {
        #expect(try Set(OperatorReference.names()) == Set(OperationRegistry.operations.keys))
    }

    @Test(arguments: try OperatorReference.names())
    func `outputs and gradients are PyTorch's`(name: String) throws {
        for test in try OperatorReference(name).cases {
            let harness = try test.harness(name)
            #expect(harness.outputs.map(\.isFloat) == test.outputs.map(\.isFloat), "\(test.title)")
            #expect(harness.outputShapes.map(\.dimensions) == test.outputs.map(\.shape), "\(test.title)")
            try compare(test, harness, as: Double.self, tolerance: Self.tolerances.double)
            try compare(test, harness, as: Float.self, tolerance: Self.tolerances.float)
        }
    }

    @Test(arguments: try OperatorReference.names())
    func `gradients are central differences`(name: String) throws {
        for test in try OperatorReference(name).cases where test.isDifferentiated {
            let skipped = Set(test.inputs.indices.filter { test.inputs[$0]?.gradient == nil })
            #expect(try test.harness(name).gradientProblem(skipping: skipped) == nil, "\(test.title)")
        }
    }

    @Test(arguments: try OperatorReference.names())
    func `a gradient is the same whichever others are wanted`(name: String) throws {
        for test in try OperatorReference(name).cases where test.isDifferentiated {
            let harness = try test.harness(name)
            let cotangents = test.outputs.map(\.cotangent)
            let all: [[Double]?] = harness.backward(cotangents)
            for index in all.indices where all[index] != nil {
                for wanted in [[index], Set(all.indices).subtracting([index])] {
                    let some: [[Double]?] = harness.backward(cotangents, wanted: wanted)
                    let expected = all.indices.map { wanted.contains($0) ? all[$0] : nil }
                    #expect(
                        some.map { "\($0 as Any)" } == expected.map { "\($0 as Any)" }, "\(test.title) of \(wanted)")
                }
            }
        }
    }

    private func compare<Scalar: Real>(
        _ test: OperatorReference.Case, _ harness: OperationHarness, as type: Scalar.Type, tolerance: Double
    ) throws {
        for (index, expected) in test.outputs.enumerated() {
            // A constant is never evaluated.
            let found =
                if case .constant(let tensor) = harness.outputs[index].contents { tensor.values(as: Double.self) } else
                {
                    harness.forward(as: type)[index]
                }
            try #require(found.count == expected.values.count, "\(test.title)")
            // What does not pass through arithmetic has no rounding error.
            let error = relativeError(found, expected.values)
            #expect(expected.isFloat ? error < tolerance : error == 0, "\(test.title) as \(type)")
        }
        guard test.isDifferentiated else { return }
        let gradients = harness.backward(test.outputs.map(\.cotangent), as: type)
        for (index, input) in test.inputs.enumerated() {
            guard let expected = input?.gradient else { continue }
            let found = try #require(gradients[index], "\(test.title)")
            #expect(
                relativeError(found, expected) < tolerance, "\(test.title) as \(type), gradient of input \(index)")
        }
    }
}

/// The reference cases of one operator.
private struct OperatorReference: Decodable {
    struct Case: Decodable {
        let title: String
        let opset: Int
        let attributes: [String: ReferenceAttribute]
        let inputs: [ReferenceTensor?]
        let outputs: [ReferenceTensor]

        var isDifferentiated: Bool { outputs.contains { $0.cotangent != nil } }

        /// Inputs without a gradient are known beforehand, as initializers of a graph are.
        func harness(_ name: String) throws -> OperationHarness {
            try OperationHarness(
                name, opset: opset, attributes: attributes.mapValues(\.attribute), inputs: inputs.map { $0?.tensor },
                known: Set(inputs.indices.filter { inputs[$0]?.gradient == nil }), outputCount: outputs.count)
        }
    }

    let cases: [Case]

    init(_ name: String) throws {
        let data = try Fixture.data("references/operators/\(name).json")
        self = try JSONDecoder().decode(OperatorReference.self, from: data)
    }

    static func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: Fixture.url("references/operators").path())
            .filter { $0.hasSuffix(".json") }.map { String($0.dropLast(".json".count)) }.sorted()
    }
}

/// An attribute, under the name of its kind.
private struct ReferenceAttribute: Decodable {
    let attribute: Attribute

    private enum Kind: String, CodingKey { case integer, float, string, integers, floats, strings, tensor }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Kind.self)
        switch values.allKeys.first {
        case .integer: attribute = .integer(try values.decode(Int.self, forKey: .integer))
        case .float: attribute = .float(try values.decode(Float.self, forKey: .float))
        case .string: attribute = .string(try values.decode(String.self, forKey: .string))
        case .integers: attribute = .integers(try values.decode([Int].self, forKey: .integers))
        case .floats: attribute = .floats(try values.decode([Float].self, forKey: .floats))
        case .strings: attribute = .strings(try values.decode([String].self, forKey: .strings))
        case .tensor: attribute = .tensor(try values.decode(ReferenceTensor.self, forKey: .tensor).tensor)
        case nil:
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "no kind of attribute"))
        }
    }
}

extension ReferenceTensor {
    fileprivate var isFloat: Bool { type.hasPrefix("float") }

    fileprivate var tensor: Tensor {
        let shape = Shape(shape)
        if isFloat { return Tensor(values, shape: shape) }
        return Tensor(
            shape: shape, elementType: type == "bool" ? .bool : .int64, elements: .integer(values.map { Int64($0) }))
    }
}
