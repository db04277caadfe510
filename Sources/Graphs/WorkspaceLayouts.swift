import Synchronization

/// The layouts of a plan's workspaces, each made once for all evaluators: of a graph of thousands of nodes, placing the
/// buffers takes as long as many evaluations.
final class WorkspaceLayouts: Sendable {
    private struct Key: Hashable {
        let capacity: Int
        let withGradient: Bool
    }

    /// What was found: sizes of whatever was asked for, layouts of what is used.
    private struct Known {
        var sizes: [Key: WorkspaceSize] = [:]
        var layouts: [Key: WorkspaceLayout] = [:]
    }

    private let known = Mutex(Known())

    /// - Throws: As `WorkspaceLayout`.
    func layout(of plan: Plan, capacity: Int, withGradient: Bool) throws(GraphError) -> WorkspaceLayout {
        let key = Key(capacity: capacity, withGradient: withGradient)
        return try known.withLock { known throws(GraphError) in
            if let layout = known.layouts[key] { return layout }
            let layout = try WorkspaceLayout(plan, capacity: capacity, withGradient: withGradient)
            known.layouts[key] = layout
            return layout
        }
    }

    /// The size of a layout, which is not kept itself.
    ///
    /// - Throws: As `WorkspaceLayout`.
    func size(of plan: Plan, capacity: Int, withGradient: Bool) throws(GraphError) -> WorkspaceSize {
        let key = Key(capacity: capacity, withGradient: withGradient)
        return try known.withLock { known throws(GraphError) in
            if let size = known.sizes[key] { return size }
            let size = try WorkspaceLayout(plan, capacity: capacity, withGradient: withGradient).size
            known.sizes[key] = size
            return size
        }
    }
}

/// The elements of a workspace, constants left out.
struct WorkspaceSize: Sendable {
    let floatCount: Int
    let integerCount: Int

    /// The bytes where floats are held as `Scalar`.
    func byteCount<Scalar>(as type: Scalar.Type) -> Int {
        floatCount * MemoryLayout<Scalar>.stride + integerCount * MemoryLayout<Int64>.stride
    }
}
