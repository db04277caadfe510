import CKernels
import Tensors

/// The extents of an `Attention` node, and where each head lies in its operands.
///
/// With four axes an operand is `[batch, heads, length, size]`, with three `[batch, length, heads·size]`.
struct AttentionShapes: Sendable {
    let batch: Dimension
    let queryHeads: Int
    /// Heads of keys and values; each serves `queryHeads/keyHeads` neighbouring heads of queries.
    let keyHeads: Int
    /// The number of queries.
    let rows: Int
    /// Keys that came before, from a cache.
    let past: Int
    /// Keys in all.
    let columns: Int
    /// The length of a query and of a key.
    let size: Int
    /// The length of a value.
    let valueSize: Int
    private let isPacked: Bool

    init(_ context: NodeContext) throws(GraphError) {
        let (q, k, v) = (try context.floatInput(0), try context.floatInput(1), try context.floatInput(2))
        let extents = [q, k, v].map { $0.shape.dropFirst().compactMap(\.fixed) }
        isPacked = q.shape.count == 3
        let lengths: [Int]
        guard [3, 4].contains(q.shape.count), k.shape.count == q.shape.count, v.shape.count == q.shape.count,
            extents.allSatisfy({ $0.count == q.shape.count - 1 }), q.shape[0] == k.shape[0], q.shape[0] == v.shape[0]
        else { throw Self.mismatch(context, q, k, v) }
        batch = q.shape[0]
        if isPacked {
            guard let queryHeads = try context.integer("q_num_heads"),
                let keyHeads = try context.integer("kv_num_heads"), 1...max(1, extents[0][1]) ~= queryHeads,
                1...max(1, extents[1][1]) ~= keyHeads,
                extents[0][1] % queryHeads == 0, extents[1][1] % keyHeads == 0, extents[2][1] % keyHeads == 0
            else { throw Self.mismatch(context, q, k, v) }
            (self.queryHeads, self.keyHeads) = (queryHeads, keyHeads)
            lengths = extents.map { $0[0] }
            (size, valueSize) = (extents[0][1] / queryHeads, extents[2][1] / keyHeads)
            guard extents[1][1] / keyHeads == size else { throw Self.mismatch(context, q, k, v) }
        } else {
            (queryHeads, keyHeads) = (extents[0][0], extents[1][0])
            lengths = extents.map { $0[1] }
            (size, valueSize) = (extents[0][2], extents[2][2])
            guard extents[2][0] == keyHeads, extents[1][2] == size else { throw Self.mismatch(context, q, k, v) }
        }
        guard lengths[1] == lengths[2], keyHeads > 0 ? queryHeads % keyHeads == 0 : queryHeads == 0 else {
            throw Self.mismatch(context, q, k, v)
        }
        rows = lengths[0]
        past = try AttentionShapes.past(context, batch: batch, heads: keyHeads, size: size, valueSize: valueSize)
        columns = past + lengths[1]
    }

    /// The length of the caches, inputs 4 and 5; 0 where there is none.
    private static func past(
        _ context: NodeContext, batch: Dimension, heads: Int, size: Int, valueSize: Int
    ) throws(GraphError) -> Int {
        guard context.optionalInput(4) != nil || context.optionalInput(5) != nil else { return 0 }
        let (keys, values) = (try context.floatInput(4).shape, try context.floatInput(5).shape)
        guard keys.count == 4, let past = keys[2].fixed,
            keys == [batch, Dimension(heads), Dimension(past), Dimension(size)],
            values == [batch, Dimension(heads), Dimension(past), Dimension(valueSize)]
        else {
            throw context.error(
                .mismatch,
                "past keys and values of shapes \(keys) and \(values); [\(batch), \(heads), past, \(size)] and "
                    + "[\(batch), \(heads), past, \(valueSize)] are expected")
        }
        return past
    }

    private static func mismatch(
        _ context: NodeContext, _ q: ValueDescription, _ k: ValueDescription, _ v: ValueDescription
    ) -> GraphError {
        context.error(
            .mismatch,
            "queries, keys and values of shapes \(q.shape), \(k.shape), \(v.shape) do not fit together; expected are "
                + "[batch, heads, length, size], or [batch, length, heads·size] with q_num_heads and kv_num_heads")
    }

    /// The shape of output 0.
    var output: [Dimension] {
        isPacked
            ? [batch, Dimension(rows), Dimension(queryHeads * valueSize)]
            : [batch, Dimension(queryHeads), Dimension(rows), Dimension(valueSize)]
    }

    /// The shapes of the keys and of the values, those from the cache included.
    var present: [[Dimension]] {
        [size, valueSize].map { [batch, Dimension(keyHeads), Dimension(columns), Dimension($0)] }
    }

    /// The shape of all heads' scores.
    var scores: [Dimension] { [batch, Dimension(queryHeads), Dimension(rows), Dimension(columns)] }

    /// Where the heads of the queries (`size`) or of output 0 (`valueSize`) lie.
    func queryLayout(size: Int) -> HeadLayout {
        isPacked
            ? HeadLayout(batch: rows * queryHeads * size, head: size, row: queryHeads * size)
            : HeadLayout(batch: queryHeads * rows * size, head: rows * size, row: size)
    }

    /// Where the heads of inputs 1 (`size`) and 2 (`valueSize`) lie.
    func keyLayout(size: Int) -> HeadLayout {
        let length = columns - past
        return isPacked
            ? HeadLayout(batch: length * keyHeads * size, head: size, row: keyHeads * size)
            : HeadLayout(batch: keyHeads * length * size, head: length * size, row: size)
    }

    /// Where the heads of all keys or values lie once they are joined with the cache.
    func presentLayout(size: Int) -> HeadLayout {
        HeadLayout(batch: keyHeads * columns * size, head: columns * size, row: size)
    }

    /// From inputs 1 or 2 to their place behind the cache.
    func newStrides(batch: Int, size: Int) -> instar_strides {
        let (source, target) = (keyLayout(size: size), presentLayout(size: size))
        var strides = instar_strides()
        strides.target_start = past * size
        strides.append(batch, source: source.batch, target: target.batch)
        strides.append(keyHeads, source: source.head, target: target.head)
        strides.append(columns - past, source: source.row, target: target.row)
        strides.append(size, source: 1, target: 1)
        return strides
    }

    /// From the cache to its place in front of inputs 1 or 2.
    func pastStrides(batch: Int, size: Int) -> instar_strides {
        var strides = instar_strides()
        strides.append(batch * keyHeads, source: past * size, target: columns * size)
        strides.append(past * size, source: 1, target: 1)
        return strides
    }
}

/// Distances in elements from one batch, head or row to the next.
struct HeadLayout: Sendable {
    let batch: Int
    let head: Int
    let row: Int

    /// Where a head begins.
    func offset(_ batch: Int, _ head: Int) -> Int { batch * self.batch + head * self.head }
}
