/// The extents of a row-major array, outermost axis first. A scalar has no axes and one element.
public struct Shape: Hashable, Sendable, Codable, ExpressibleByArrayLiteral, CustomStringConvertible {
    /// The extent of each axis; never negative.
    public let dimensions: [Int]

    /// Creates a shape from extents, outermost first; none may be negative.
    public init(_ dimensions: [Int]) {
        precondition(dimensions.allSatisfy { $0 >= 0 }, "a shape has no negative extents: \(dimensions)")
        self.dimensions = dimensions
    }

    /// Creates a shape from a list of extents, outermost first.
    public init(arrayLiteral elements: Int...) { self.init(elements) }

    /// Decodes the extents.
    ///
    /// - Throws: `DecodingError` for a negative extent and for more elements than an `Int` counts.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        dimensions = try container.decode([Int].self, forKey: .dimensions)
        var (count, overflows) = (1, false)
        for extent in dimensions where !overflows { (count, overflows) = count.multipliedReportingOverflow(by: extent) }
        guard !overflows, dimensions.allSatisfy({ $0 >= 0 }) else {
            throw DecodingError.dataCorruptedError(
                forKey: .dimensions, in: container, debugDescription: "no extents: \(dimensions)")
        }
    }

    /// The number of axes.
    public var rank: Int { dimensions.count }

    /// The product of the extents; 1 for a scalar.
    public var elementCount: Int { dimensions.reduce(1, *) }

    /// The extents as `[2, 3]`.
    public var description: String { "\(dimensions)" }
}
