import TestSupport
import Tensors
import Testing

@testable import Graphs

/// What the references of PyTorch cannot show: refusals, and indices that are data.
@Suite struct TensorOperationsTests {
    private let matrix = Tensor([1.0, 2, 3, 4, 5, 6], shape: [3, 2])

    @Test func `an index out of range makes its row NaN and no other`() throws {
        let indices = Tensor([Int64(1), 3, -4], shape: [3])
        let harness = try OperationHarness("Gather", inputs: [matrix, indices])
        let rows = harness.forward()[0]
        #expect(Array(rows.prefix(2)) == [3, 4] && rows.dropFirst(2).allSatisfy(\.isNaN))
        let gradients: [[Double]?] = harness.backward([[1, 1, 1, 1, 1, 1]])
        #expect(gradients[0] == [0, 0, 1, 1, 0, 0])
    }

    @Test(arguments: ["Gather", "GatherND"]) func `a constant index out of range is malformed`(name: String) {
        let indices = Tensor([Int64(3)], shape: [1])
        #expect(kind { try OperationHarness(name, inputs: [matrix, indices], known: [1]) } == .malformed)
    }

    @Test func `a maximum of NaN is NaN`() throws {
        let x = Tensor([1.0, .nan, 3, 4], shape: [1, 1, 2, 2])
        let pool = try OperationHarness("MaxPool", attributes: ["kernel_shape": .integers([2, 2])], inputs: [x])
        #expect(pool.forward()[0][0].isNaN)
        #expect(try OperationHarness("ReduceMax", inputs: [x]).forward()[0][0].isNaN)
    }

    @Test func `equal maxima share the gradient of ReduceMax`() throws {
        let x = Tensor([2.0, 1, 2, 0], shape: [4])
        let gradients: [[Double]?] = try OperationHarness("ReduceMax", inputs: [x]).backward([[1]])
        #expect(gradients[0] == [0.5, 0, 0.5, 0])
    }

    @Test func `shape arithmetic moves whole numbers`() throws {
        let numbers = Tensor([Int64(4), 5, 6], shape: [3])
        #expect(
            try OperationHarness("Concat", attributes: ["axis": .integer(0)], inputs: [numbers, numbers]).forward()[0]
                == [4, 5, 6, 4, 5, 6])
        #expect(
            try OperationHarness("ReduceSum", attributes: ["keepdims": .integer(0)], inputs: [numbers]).forward()[0]
                == [15])
        #expect(try OperationHarness("ReduceMax", inputs: [numbers]).forward()[0] == [6])
        let bounds = [Tensor([Int64(-1)], shape: [1]), Tensor([Int64.min + 1], shape: [1])]
        let steps = [Tensor([Int64(0)], shape: [1]), Tensor([Int64(-1)], shape: [1])]
        #expect(
            try OperationHarness("Slice", inputs: [numbers] + bounds + steps, known: [1, 2, 3, 4]).forward()[0]
                == [6, 5, 4])
    }

    @Test func `training forms are refused`() {
        let (x, channel) = (Tensor([Double](repeating: 1, count: 6), shape: [2, 3]), Tensor([1.0, 1, 1], shape: [3]))
        #expect(
            kind {
                try OperationHarness(
                    "BatchNormalization", attributes: ["training_mode": .integer(1)],
                    inputs: [x, channel, channel, channel, channel])
            } == .unsupported)
        let isTraining = Tensor(shape: [], elementType: .bool, elements: .integer([1]))
        #expect(
            kind {
                try OperationHarness("Dropout", inputs: [x, Tensor([0.5], shape: []), isTraining], known: [1, 2])
            } == .unsupported)
    }

    @Test func `what is not implemented or does not fit is refused`() {
        let axis = Tensor([Int64(0)], shape: [1])
        #expect(
            kind {
                try OperationHarness(
                    "Pad", attributes: ["mode": .string("mirror")],
                    inputs: [matrix, Tensor([Int64](repeating: 1, count: 4), shape: [4])],
                    known: [1])
            } == .malformed)
        #expect(kind { try OperationHarness("Squeeze", inputs: [matrix, axis], known: [1]) } == .mismatch)
        #expect(
            kind { try OperationHarness("Reshape", inputs: [matrix, Tensor([Int64(4)], shape: [1])], known: [1]) }
                == .mismatch)
        #expect(
            kind { try OperationHarness("Reshape", inputs: [matrix, axis]) } == .unsupported, "a shape that is data")
        #expect(
            kind {
                try OperationHarness("Concat", attributes: ["axis": .integer(2)], inputs: [matrix, matrix])
            } == .malformed)
        #expect(
            kind {
                try OperationHarness(
                    "Einsum", attributes: ["equation": .string("ij,jk->il")], inputs: [matrix, matrix])
            } != nil)
        #expect(kind { try OperationHarness("Clip", inputs: [matrix, Tensor([0.0], shape: [])]) } == .unsupported)
    }

    private func kind(_ make: () throws -> OperationHarness) -> GraphError.Kind? {
        do {
            _ = try make()
            return nil
        } catch {
            return (error as? GraphError)?.kind
        }
    }
}
