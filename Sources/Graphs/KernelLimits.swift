import CKernels

/// What the kernels can hold, checked where values enter a plan and where they get storage.
enum KernelLimits {
    /// The axes of a value: those of the broadcasting kernels, the fewest that any kernel takes.
    static let rank = Int(INSTAR_MAXIMUM_RANK)
    /// The elements of a value, or of an operation's own room: BLAS counts in 32 bits.
    static let elementCount = Int(Int32.max)
    /// The numbers of a list that tells how a node works. More than two for each axis are only the sizes of parts.
    static let listCount = 1 << 16

    /// Refuses a shape that has too many axes, a negative extent, or too many elements for one example.
    ///
    /// - Parameter location: What an error names: the node that makes the value, or the value.
    static func check(_ shape: [Dimension], location: String) throws(GraphError) {
        guard shape.count <= rank else {
            throw GraphError(
                .unsupported, "a value has \(shape.count) axes; at most \(rank) are implemented", location: location)
        }
        guard shape.allSatisfy({ $0.coefficient >= 0 && $0.constant >= -$0.coefficient }) else {
            throw GraphError(.malformed, "a value has the shape \(shape), with a negative extent", location: location)
        }
        guard elementCount(of: shape, batch: 1) != nil else {
            throw GraphError(
                .unsupported,
                "a value has the shape \(shape); at most \(elementCount) elements per example are implemented",
                location: location)
        }
    }

    /// The number of elements for a batch; nil where any product of extents, those of 0 left out, is beyond the limit.
    static func elementCount(of shape: [Dimension], batch: Int) -> Int? {
        var (count, isEmpty) = (1, false)
        for dimension in shape {
            guard let extent = dimension.exactValue(batch: batch) else { return nil }
            let (product, overflow) = count.multipliedReportingOverflow(by: max(1, extent))
            guard !overflow, product <= elementCount else { return nil }
            count = product
            isEmpty = isEmpty || extent == 0
        }
        return isEmpty ? 0 : count
    }
}
