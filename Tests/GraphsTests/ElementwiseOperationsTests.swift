import Foundation
import TestSupport
import Tensors
import Testing

@testable import Graphs

/// Shapes that take every path of the broadcasting kernels: equal, trailing, leading, outer product, scalar, none.
private let shapePairs: [([Int], [Int])] = [
    ([2, 3], [2, 3]), ([4, 3], [3]), ([3], [4, 1]), ([2, 1, 3], [2, 4, 1]), ([], [2]), ([5], []), ([2, 3, 4], [3, 1]),
    ([2, 1, 3, 1, 2], [4, 1, 5, 1]), ([0, 3], [3]),
]

private let binaryFunctions: [(name: String, function: @Sendable (Double, Double) -> Double)] = [
    ("Add", { $0 + $1 }), ("Sub", { $0 - $1 }), ("Mul", { $0 * $1 }), ("Div", { $0 / $1 }), ("Pow", { pow($0, $1) }),
    ("Max", { max($0, $1) }), ("Min", { min($0, $1) }),
]

private let unaryFunctions: [(name: String, function: @Sendable (Double) -> Double)] = [
    ("Neg", { -$0 }), ("Abs", { abs($0) }), ("Sqrt", { $0.squareRoot() }), ("Exp", { exp($0) }), ("Log", { log($0) }),
    ("Reciprocal", { 1 / $0 }), ("Erf", { erf($0) }), ("Tanh", { tanh($0) }), ("Sigmoid", { 1 / (1 + exp(-$0)) }),
    ("Relu", { max(0, $0) }), ("Sin", { sin($0) }), ("Cos", { cos($0) }), ("Identity", { $0 }),
    ("Gelu", { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) }),
]

@Suite struct ElementwiseOperationsTests {
    // A handful of roundings in kernel and reference each; 32 of them leave room for the C library's functions.
    private let roundings = 32.0

    @Test(arguments: binaryFunctions.indices, shapePairs.indices)
    func `binary operators broadcast like plain Swift, with the right gradient`(operation: Int, shapes: Int) throws {
        let (name, function) = binaryFunctions[operation]
        let (a, b) = (positive(shapePairs[shapes].0, 1), positive(shapePairs[shapes].1, 2))
        let harness = try OperationHarness(name, inputs: [a, b])
        let expected = broadcast(a, b, to: harness.outputShapes[0], function)
        #expect(relativeError(harness.forward()[0], expected) < roundings * .ulpOfOne)
        #expect(relativeError(harness.forward(as: Float.self)[0], expected) < roundings * Double(Float.ulpOfOne))
        #expect(harness.gradientProblem() == nil)
    }

    @Test(arguments: unaryFunctions.indices)
    func `unary operators agree with plain Swift, with the right gradient`(index: Int) throws {
        let (name, function) = unaryFunctions[index]
        let x = positive([3, 17], 3)
        let harness = try OperationHarness(name, inputs: [x])
        let expected = x.values(as: Double.self).map(function)
        #expect(relativeError(harness.forward()[0], expected) < roundings * .ulpOfOne)
        #expect(relativeError(harness.forward(as: Float.self)[0], expected) < roundings * Double(Float.ulpOfOne))
        #expect(harness.gradientProblem() == nil)
    }

    @Test(arguments: ["Neg", "Abs", "Exp", "Reciprocal", "Erf", "Tanh", "Sigmoid", "Relu", "Sin", "Cos", "Gelu"])
    func `unary operators have the right gradient on both sides of zero`(name: String) throws {
        #expect(try OperationHarness(name, inputs: [random([40], 4)]).gradientProblem() == nil)
    }

    @Test func `Gelu in its tanh form follows its formula`() throws {
        let x = random([21], 5)
        let harness = try OperationHarness("Gelu", attributes: ["approximate": .string("tanh")], inputs: [x])
        let expected = x.values(as: Double.self).map {
            0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0)))
        }
        #expect(relativeError(harness.forward()[0], expected) < roundings * .ulpOfOne)
        #expect(harness.gradientProblem() == nil)
    }

    @Test func `Pow with a whole exponent takes negative bases`() throws {
        for exponent in [Tensor([Int64(3)], shape: []), Tensor([3.0], shape: []), Tensor([2.0], shape: [1])] {
            let x = random([6], 6)
            let harness = try OperationHarness("Pow", inputs: [x, exponent])
            let power = exponent.values(as: Double.self)[0]
            let expected = x.values(as: Double.self).map { pow($0, power) }
            #expect(relativeError(harness.forward()[0], expected) < roundings * .ulpOfOne)
            #expect(harness.gradientProblem(skipping: [1]) == nil)
        }
    }

    @Test func `integer powers wrap around, however large the exponent`() throws {
        let (bases, exponents) = ([3, -2, 1, 2, 7] as [Int64], [4, 5, .max, .max, 0] as [Int64])
        let harness = try OperationHarness(
            "Pow", inputs: [Tensor(bases, shape: [5]), Tensor(exponents, shape: [5])])
        #expect(harness.forward()[0] == [81, -32, 1, 0, 1])
    }

    @Test func `ties of Max share the gradient`() throws {
        let x = Tensor([1.0, 2, 3], shape: [3])
        let harness = try OperationHarness("Max", inputs: [x, Tensor([2.0], shape: [])])
        let gradients: [[Double]?] = harness.backward([[1, 1, 1]])
        #expect(gradients[0] == [0, 0.5, 1] && gradients[1] == [1.5])
    }

    @Test func `integers are added, divided towards zero and compared`() throws {
        let (a, b) = (Tensor([7, -7, 3] as [Int64], shape: [3]), Tensor([2] as [Int64], shape: [1]))
        #expect(try OperationHarness("Add", inputs: [a, b]).forward()[0] == [9, -5, 5])
        #expect(try OperationHarness("Div", inputs: [a, b]).forward()[0] == [3, -3, 1])
        #expect(try OperationHarness("Greater", inputs: [a, b]).forward()[0] == [1, 0, 1])
        #expect(try OperationHarness("Less", inputs: [a, b]).forward()[0] == [0, 1, 0])
        #expect(try OperationHarness("Equal", inputs: [a, a]).forward()[0] == [1, 1, 1])
    }

    @Test func `Where chooses and passes the gradient to what was chosen`() throws {
        let condition = Tensor(
            shape: [2, 1], elementType: .bool, elements: .integer([1, 0]))
        let (a, b) = (random([3], 7), random([2, 3], 8))
        let harness = try OperationHarness("Where", inputs: [condition, a, b])
        let (x, y) = (a.values(as: Double.self), b.values(as: Double.self))
        #expect(harness.forward()[0] == Array(x + y[3...]))
        #expect(harness.gradientProblem() == nil)
    }

    @Test func `Cast cuts fractions off and makes bool of what is not zero`() throws {
        let x = Tensor([1.7, -1.7, 0], shape: [3])
        #expect(try OperationHarness("Cast", attributes: ["to": .integer(7)], inputs: [x]).forward()[0] == [1, -1, 0])
        #expect(try OperationHarness("Cast", attributes: ["to": .integer(9)], inputs: [x]).forward()[0] == [1, 1, 0])
        let integers = Tensor([2, 0] as [Int64], shape: [2])
        let like = try OperationHarness("CastLike", inputs: [integers, x])
        #expect(like.forward()[0] == [2, 0] && like.outputs[0].isFloat)
    }

    // The first is the example of the standard's text (Cast-25).
    @Test(
        arguments: [
            (3, 200, -56), (3, -129, 127), (2, -1, 255), (2, 300, 44), (5, 40000, -25536),
            (6, 2_147_483_648, -2_147_483_648),
        ] as [(Int, Int64, Double)])
    func `Cast to a narrower integer keeps the low bits`(type: Int, value: Int64, expected: Double) throws {
        let x = Tensor([value], shape: [])
        #expect(
            try OperationHarness("Cast", attributes: ["to": .integer(type)], inputs: [x]).forward()[0] == [expected])
    }

    @Test func `the maximum of several operands is NaN where one is, and ties are shared pair by pair`() throws {
        let operands = [
            Tensor([1.0, .nan, 2], shape: [3]), Tensor([2.0], shape: []), Tensor([2.0, 0, 2], shape: [3]),
        ]
        let harness = try OperationHarness("Max", inputs: operands)
        let y = harness.forward()[0]
        #expect(y[0] == 2 && y[1].isNaN && y[2] == 2)
        let gradients: [[Double]?] = harness.backward([[1, 0, 1]])
        #expect(gradients[0] == [0, 0, 0.25] && gradients[1] == [0.75] && gradients[2] == [0.5, 0, 0.5])
    }

    @Test(arguments: [("Gelu", 19), ("Trilu", 13), ("LayerNormalization", 16), ("Add", 12), ("Relu", 26)])
    func `an operator is refused by name and version where that has none, or another one`(name: String, opset: Int) {
        let error = #expect(throws: GraphError.self) {
            try OperationHarness(name, opset: opset, inputs: [random([2, 2], 1), random([2], 2)])
        }
        #expect(error?.kind == .unsupported)
        #expect(error?.reason.contains("operator \(name) of opset \(opset)") == true)
    }

    /// f(a, b) with both repeated to `shape`: index arithmetic in plain Swift.
    private func broadcast(
        _ a: Tensor, _ b: Tensor, to shape: Shape, _ function: (Double, Double) -> Double
    ) -> [Double] {
        func element(_ tensor: Tensor, _ index: Int) -> Double {
            var (rest, offset, stride) = (index, 0, 1)
            let extents = tensor.shape.dimensions
            for axis in 0..<shape.rank {
                let position = rest % shape.dimensions[shape.rank - 1 - axis]
                rest /= shape.dimensions[shape.rank - 1 - axis]
                guard axis < extents.count else { break }
                let extent = extents[extents.count - 1 - axis]
                offset += (extent == 1 ? 0 : position) * stride
                stride *= extent
            }
            return tensor.values(as: Double.self)[offset]
        }
        return (0..<shape.elementCount).map { function(element(a, $0), element(b, $0)) }
    }
}

@Suite struct ProductOperationsTests {
    @Test(arguments: [
        ([2, 3], [3, 4]), ([5, 2, 3], [3, 4]), ([5, 2, 3], [5, 3, 4]), ([1, 2, 3], [5, 3, 4]),
        ([2, 1, 2, 3], [4, 3, 2]),
        ([0, 2, 3], [1, 3, 2]), ([3], [3, 2]), ([2, 3], [3]), ([3], [3]), ([3], [2, 3, 2]), ([2, 4, 3], [3]),
    ])
    func `MatMul sums over the inner axis, with the right gradient`(shapes: ([Int], [Int])) throws {
        let (a, b) = (random(shapes.0, 1), random(shapes.1, 2))
        let harness = try OperationHarness("MatMul", inputs: [a, b])
        #expect(relativeError(harness.forward()[0], matMul(a, b)) < 16 * .ulpOfOne)
        #expect(harness.gradientProblem() == nil)
    }

    @Test(arguments: [(0, 0), (0, 1), (1, 0), (1, 1)], [nil, [], [4], [1, 4], [3, 1], [3, 4]] as [[Int]?])
    func `Gemm follows its formula, with the right gradient`(transposes: (Int, Int), shapeC: [Int]?) throws {
        let (transA, transB) = transposes
        let (a, b) = (random(transA == 1 ? [2, 3] : [3, 2], 1), random(transB == 1 ? [4, 2] : [2, 4], 2))
        let c = shapeC.map { random($0, 3) }
        let harness = try OperationHarness(
            "Gemm",
            attributes: [
                "alpha": .float(0.5), "beta": .float(2), "transA": .integer(transA), "transB": .integer(transB),
            ], inputs: [a, b, c])
        let (x, y) = (a.values(as: Double.self), b.values(as: Double.self))
        let z = c?.values(as: Double.self)
        let expected = (0..<12).map { index in
            let (row, column) = (index / 4, index % 4)
            let sum = (0..<2).reduce(0.0) {
                $0 + x[transA == 1 ? $1 * 3 + row : row * 2 + $1] * y[transB == 1 ? column * 2 + $1 : $1 * 4 + column]
            }
            let offset =
                (shapeC?.count == 2 && shapeC?[0] == 3 ? row * (shapeC?[1] ?? 0) : 0)
                + (shapeC?.last == 4 ? column : 0)
            return 0.5 * sum + 2 * (z?[offset] ?? 0)
        }
        #expect(relativeError(harness.forward()[0], expected) < 16 * .ulpOfOne)
        #expect(harness.gradientProblem() == nil)
    }

    /// The product by its definition (NumPy's matmul), one element at a time.
    private func matMul(_ a: Tensor, _ b: Tensor) -> [Double] {
        let (x, y) = (a.values(as: Double.self), b.values(as: Double.self))
        let shapeA = a.shape.rank == 1 ? [1] + a.shape.dimensions : a.shape.dimensions
        let shapeB = b.shape.rank == 1 ? b.shape.dimensions + [1] : b.shape.dimensions
        let (rows, inner, columns) = (shapeA[shapeA.count - 2], shapeA[shapeA.count - 1], shapeB[shapeB.count - 1])
        let axes = max(shapeA.count, shapeB.count) - 2
        let leadingA = Array(repeating: 1, count: axes + 2 - shapeA.count) + shapeA.dropLast(2)
        let leadingB = Array(repeating: 1, count: axes + 2 - shapeB.count) + shapeB.dropLast(2)
        let leading = zip(leadingA, leadingB).map { $0 == 1 ? $1 : $0 }
        return (0..<leading.reduce(1, *) * rows * columns).map { index in
            var rest = index / (rows * columns)
            var (offsetA, offsetB, strideA, strideB) = (0, 0, rows * inner, inner * columns)
            for axis in leading.indices.reversed() {
                let position = rest % leading[axis]
                rest /= leading[axis]
                offsetA += leadingA[axis] == 1 ? 0 : position * strideA
                offsetB += leadingB[axis] == 1 ? 0 : position * strideB
                strideA *= leadingA[axis]
                strideB *= leadingB[axis]
            }
            let (row, column) = (index % (rows * columns) / columns, index % columns)
            return (0..<inner).reduce(0) { $0 + x[offsetA + row * inner + $1] * y[offsetB + $1 * columns + column] }
        }
    }
}

/// Numbers from −1 to 1.
func random(_ shape: [Int], _ seed: UInt64) -> Tensor { random(shape, seed, in: -1...1) }

/// Numbers from ½ to 2: for functions that want them positive and apart from 0.
private func positive(_ shape: [Int], _ seed: UInt64) -> Tensor { random(shape, seed, in: 0.5...2) }

private func random(_ shape: [Int], _ seed: UInt64, in range: ClosedRange<Double>) -> Tensor {
    var generator = SplitMix64(state: seed)
    let shape = Shape(shape)
    return Tensor((0..<shape.elementCount).map { _ in Double.random(in: range, using: &generator) }, shape: shape)
}
