/// Where buffers lie in one slab, such that buffers in use at the same time do not overlap.
struct MemoryPlan {
    /// A buffer with the moments between which its contents matter.
    struct Buffer {
        /// The number of elements.
        let count: Int
        /// The first and last moment of use.
        let lifetime: ClosedRange<Int>
    }

    /// Buffers begin at multiples of this, in elements: whole cache lines for every type.
    private static let alignment = 16

    /// The start of each buffer, in elements.
    let offsets: [Int]
    /// The elements that the slab needs.
    let count: Int

    /// Places the buffers, largest first, each at the lowest place that is free throughout its lifetime.
    ///
    /// - Parameter reusesMemory: False gives every buffer a place of its own.
    init(_ buffers: [Buffer], reusesMemory: Bool = true) {
        var offsets = [Int](repeating: 0, count: buffers.count)
        // Ascending by start. Every buffer is compared with all, so they are kept small.
        var placed: [(start: Int, end: Int, first: Int32, last: Int32)] = []
        placed.reserveCapacity(buffers.count)
        var total = 0
        let order = buffers.indices.sorted { (buffers[$1].count, $0) < (buffers[$0].count, $1) }
        for index in order where buffers[index].count > 0 {
            let buffer = buffers[index]
            let size = (buffer.count + MemoryPlan.alignment - 1) / MemoryPlan.alignment * MemoryPlan.alignment
            let (first, last) = (Int32(buffer.lifetime.lowerBound), Int32(buffer.lifetime.upperBound))
            var start = 0
            for other in placed where !reusesMemory || (other.first <= last && first <= other.last) {
                if other.start >= start + size { break }
                start = max(start, other.end)
            }
            offsets[index] = start
            var (position, end) = (0, placed.count)
            while position < end {
                let middle = (position + end) / 2
                if placed[middle].start > start { end = middle } else { position = middle + 1 }
            }
            placed.insert((start, start + size, first, last), at: position)
            total = max(total, start + size)
        }
        self.offsets = offsets
        count = total
    }
}
