import Tensors

/// How the elements of a value lie in the storage of another: reshapes and transposes followed without moving anything.
struct StridedView {
    /// A run of equally spaced elements.
    struct Run: Equatable {
        /// The number of elements.
        var extent: Dimension
        /// The distance between neighbours in the storage, in elements.
        var stride: Dimension
    }

    /// For each axis of the value, outermost first, the runs that make it up, outermost first; runs of one are left out.
    private(set) var axes: [[Run]]

    /// Row-major storage without gaps; nil where a stride is not linear in the batch.
    init?(contiguous shape: [Dimension]) {
        var axes: [[Run]] = []
        var stride = Dimension(1)
        for extent in shape.reversed() {
            axes.append(extent == Dimension(1) ? [] : [Run(extent: extent, stride: stride)])
            guard let next = stride.times(extent) else { return nil }
            stride = next
        }
        self.axes = axes.reversed()
    }

    /// Adds an axis of one index.
    mutating func insertAxis(at position: Int) { axes.insert([], at: position) }

    /// The view whose axis k is axis `permutation[k]` of this one.
    func transposed(_ permutation: [Int]) -> StridedView {
        var result = self
        result.axes = permutation.map { axes[$0] }
        return result
    }

    /// The same elements in the same order under another shape; nil where an axis would have to break a run unevenly.
    func reshaped(_ shape: [Dimension]) -> StridedView? {
        var rest = Array(axes.joined())
        var reshaped: [[Run]] = []
        for extent in shape.reversed() {
            var axis: [Run] = []
            var wanted = extent
            while wanted != Dimension(1) {
                guard let run = rest.popLast() else { return nil }
                if let missing = wanted.dividedExactly(by: run.extent) {
                    axis.append(run)
                    wanted = missing
                } else if let outer = run.extent.dividedExactly(by: wanted), let stride = run.stride.times(wanted) {
                    axis.append(Run(extent: wanted, stride: run.stride))
                    rest.append(Run(extent: outer, stride: stride))
                    wanted = Dimension(1)
                } else {
                    return nil
                }
            }
            reshaped.append(axis.reversed())
        }
        guard rest.isEmpty else { return nil }
        var result = self
        result.axes = reshaped.reversed()
        return result
    }
}
