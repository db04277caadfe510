import TestSupport
import Tensors
import Testing

@testable import Graphs

/// Integers of fewer bits wrap around as in NumPy, though all are computed in 64.
@Suite struct IntegerTypesTests {
    private func integers(_ values: [Int64], _ type: ElementType) -> Tensor {
        Tensor(shape: [values.count], elementType: type, elements: .integer(values))
    }

    private func result(_ name: String, _ inputs: [Tensor], known: Set<Int> = []) throws -> [Double] {
        try OperationHarness(name, inputs: inputs, known: known).forward()[0]
    }

    /// The numbers are NumPy's: `numpy.uint8([100]) - numpy.uint8([128])` and so on.
    @Test func `what is beyond the type wraps around`() throws {
        #expect(try result("Sub", [integers([100], .uint8), integers([128], .uint8)]) == [228])
        #expect(try result("Add", [integers([120], .int8), integers([10], .int8)]) == [-126])
        #expect(try result("Mul", [integers([65_537], .int32), integers([65_537], .int32)]) == [131_073])
        #expect(try result("Neg", [integers([1, -128], .int8)]) == [-1, -128])
        #expect(try result("Pow", [integers([3], .uint8), integers([6], .uint8)]) == [217])
        let axis = integers([0], .int64)
        #expect(try result("CumSum", [integers([200, 100], .uint8), axis], known: [1]) == [200, 44])
    }

    /// Powers of 1 and −1 are whole; others are cut off, as the standard's conversion of the real power is.
    @Test func `a negative power of a whole number is cut off`() throws {
        let (bases, exponents): ([Int64], [Int64]) = ([2, 1, -1, -1, -3, 0], [-1, -5, -3, -2, -1, -1])
        #expect(
            try result("Pow", [integers(bases, .int64), integers(exponents, .int64)]) == [0, 1, -1, 1, 0, 0])
    }

    @Test func `whatever is not zero is true`() throws {
        #expect(try result("Not", [integers([0, 1, 255], .bool)]) == [1, 0, 0])
    }
}
