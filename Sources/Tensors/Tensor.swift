/// A row-major array of numbers as a value: what files hold and modules hand to each other.
///
/// Computation does not happen here; kernels work on flat buffers.
public struct Tensor: Sendable, Equatable {
    /// The elements, widened without loss: float16 and bfloat16 to Float, integers and bool to Int64.
    public enum Elements: Sendable, Equatable {
        case float([Float])
        case double([Double])
        case integer([Int64])
    }

    /// The extents.
    public let shape: Shape
    /// The type the source stored, before widening.
    public let elementType: ElementType
    /// The elements in row-major order; `shape.elementCount` of them.
    public let elements: Elements

    /// Creates a tensor; the number of elements must be that of the shape.
    public init(shape: Shape, elementType: ElementType, elements: Elements) {
        self.shape = shape
        self.elementType = elementType
        self.elements = elements
        precondition(count == shape.elementCount, "\(count) elements do not fill a shape \(shape)")
    }

    /// Creates a float32 tensor.
    public init(_ values: [Float], shape: Shape) {
        self.init(shape: shape, elementType: .float32, elements: .float(values))
    }

    /// Creates a float64 tensor.
    public init(_ values: [Double], shape: Shape) {
        self.init(shape: shape, elementType: .float64, elements: .double(values))
    }

    /// Creates an int64 tensor.
    public init(_ values: [Int64], shape: Shape) {
        self.init(shape: shape, elementType: .int64, elements: .integer(values))
    }

    /// The number of elements.
    public var count: Int {
        switch elements {
        case .float(let values): values.count
        case .double(let values): values.count
        case .integer(let values): values.count
        }
    }

    /// The elements converted to `Scalar`, rounded where it is narrower.
    public func values<Scalar: Real>(as type: Scalar.Type = Scalar.self) -> [Scalar] {
        switch elements {
        case .float(let values): (values as? [Scalar]) ?? values.map { Scalar($0) }
        case .double(let values): (values as? [Scalar]) ?? values.map { Scalar($0) }
        case .integer(let values): values.map { Scalar($0) }
        }
    }

    /// The elements as integers, or nil where they are floating point.
    public var integers: [Int64]? {
        if case .integer(let values) = elements { values } else { nil }
    }
}
