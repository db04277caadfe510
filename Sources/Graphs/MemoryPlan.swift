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
        var placed: [(start: Int, end: Int, lifetime: ClosedRange<Int>)] = []
        var total = 0
        let order = buffers.indices.sorted { (buffers[$1].count, $0) < (buffers[$0].count, $1) }
        for index in order where buffers[index].count > 0 {
            let buffer = buffers[index]
            let size = (buffer.count + MemoryPlan.alignment - 1) / MemoryPlan.alignment * MemoryPlan.alignment
            var start = 0
            // `placed` ascends by start, so one pass finds the first gap.
            for other in placed where !reusesMemory || other.lifetime.overlaps(buffer.lifetime) {
                if other.start >= start + size { break }
                start = max(start, other.end)
            }
            offsets[index] = start
            let position = placed.firstIndex { $0.start > start } ?? placed.count
            placed.insert((start, start + size, buffer.lifetime), at: position)
            total = max(total, start + size)
        }
        self.offsets = offsets
        count = total
    }
}
