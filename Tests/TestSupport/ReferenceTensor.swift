/// A tensor in the JSON files below `Fixtures/references`.
public struct ReferenceTensor: Decodable, Sendable {
    /// `float64`, `float32`, `int64` or `bool`.
    public let type: String
    /// The extents.
    public let shape: [Int]
    /// The elements, row-major.
    public let values: [Double]
    /// The gradient of the loss, where the reference has one.
    public let gradient: [Double]?
    /// For an output, the gradient that the backward pass starts from.
    public let cotangent: [Double]?
}
