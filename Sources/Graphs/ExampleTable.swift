import CKernels
import Tensors

/// One array of all examples, whose rows are copied into an evaluation.
struct ExampleTable<Scalar: Real>: Sendable {
    /// The elements, row-major, the first axis being that of examples.
    enum Elements: Sendable {
        case floats([Scalar])
        case integers([Int64])
    }

    let elements: Elements
    /// The elements of one example.
    let rowLength: Int
    let exampleCount: Int

    init(_ elements: Elements, rowLength: Int, exampleCount: Int) {
        switch elements {
        case .floats(let values): values.withUnsafeBytes { instar_prefer_large_pages($0.baseAddress, $0.count) }
        case .integers(let values): values.withUnsafeBytes { instar_prefer_large_pages($0.baseAddress, $0.count) }
        }
        self.elements = elements
        self.rowLength = rowLength
        self.exampleCount = exampleCount
    }

    init(_ tensor: Tensor, exampleCount: Int) {
        let elements: Elements =
            if let integers = tensor.integers { .integers(integers) } else { .floats(tensor.values()) }
        self.init(elements, rowLength: tensor.count / max(1, exampleCount), exampleCount: exampleCount)
    }

    /// Copies the rows of `examples`, one after another, to where the table's kind of element goes.
    func copyRows(_ examples: [Int], floats: UnsafeMutablePointer<Scalar>?, integers: UnsafeMutablePointer<Int64>?) {
        switch elements {
        case .floats(let values):
            if let floats {
                instar_gather_rows(values, rowLength * MemoryLayout<Scalar>.stride, examples, examples.count, floats)
            }
        case .integers(let values):
            if let integers {
                instar_gather_rows(values, rowLength * MemoryLayout<Int64>.stride, examples, examples.count, integers)
            }
        }
    }
}
