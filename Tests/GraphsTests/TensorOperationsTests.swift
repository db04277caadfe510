import TestSupport
import Tensors
import Testing

@testable import Graphs

/// What the references of PyTorch cannot show: indices that are data, NaN, and whole numbers.
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
}
