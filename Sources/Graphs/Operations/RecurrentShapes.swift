import CKernels
import Tensors

/// The extents of a recurrent node, and where each step lies in its operands.
///
/// With `layout` 0, X is `[time, batch, input]`, Y `[time, direction, batch, hidden]` and a state
/// `[direction, batch, hidden]`; with 1, `[batch, time, input]`, `[batch, time, direction, hidden]` and
/// `[batch, direction, hidden]`.
struct RecurrentShapes: Sendable {
    /// Of each direction, whether it runs from the last step to the first.
    let directions: [Bool]
    let times: Int
    let batch: Dimension
    let inputSize: Int
    let hidden: Int
    private let isBatchFirst: Bool
    /// The axis of X along which the examples lie.
    var batchAxis: Int { isBatchFirst ? 0 : 1 }

    /// Reads `direction`, `hidden_size` and `layout`, and checks X, W `[direction, gates·hidden, input]`,
    /// R `[direction, gates·hidden, hidden]` and B `[direction, 2·gates·hidden]`.
    init(_ context: NodeContext, gateCount: Int) throws(GraphError) {
        let (x, r) = (try context.floatInput(0), try context.floatInput(2))
        let direction = try context.string("direction") ?? "forward"
        switch direction {
        case "forward": directions = [false]
        case "reverse": directions = [true]
        case "bidirectional": directions = [false, true]
        default:
            throw context.error(
                .malformed, "direction is \(direction); forward, reverse or bidirectional is expected")
        }
        isBatchFirst = try context.integer("layout") == 1
        let batchAxis = isBatchFirst ? 0 : 1
        guard x.shape.count == 3, let times = x.shape[1 - batchAxis].fixed, let inputSize = x.shape[2].fixed
        else {
            throw context.error(
                .mismatch, "the input has shape \(x.shape); fixed numbers of steps and inputs are expected")
        }
        guard r.shape.count == 3, let hidden = r.shape[2].fixed, hidden > 0,
            try context.integer("hidden_size") ?? hidden == hidden
        else {
            throw context.error(
                .mismatch, "R has shape \(r.shape); [directions, gates·hidden_size, hidden_size] is expected")
        }
        (self.times, self.inputSize, self.hidden, batch) = (times, inputSize, hidden, x.shape[batchAxis])
        let gates = gateCount * hidden
        var expected = [(1, [directions.count, gates, inputSize]), (2, [directions.count, gates, hidden])]
        if context.optionalInput(3) != nil { expected.append((3, [directions.count, 2 * gates])) }
        for (index, extents) in expected {
            let shape = try context.floatInput(index).shape
            guard shape == extents.map({ Dimension($0) }) else {
                throw context.error(.mismatch, "input \(index) has shape \(shape); \(extents) is expected")
            }
        }
        if let lengths = context.optionalInput(4), lengths.isFloat || lengths.shape != [batch] {
            throw context.error(
                .mismatch,
                "sequence_lens, \(lengths.elementType) \(lengths.shape), does not have one integer per example")
        }
    }

    /// The shape of Y.
    var output: [Dimension] {
        let (times, directions) = (Dimension(times), Dimension(directions.count))
        return isBatchFirst
            ? [batch, times, directions, Dimension(hidden)] : [times, directions, batch, Dimension(hidden)]
    }

    /// The shape of a state.
    var state: [Dimension] {
        let directions = Dimension(directions.count)
        return isBatchFirst ? [batch, directions, Dimension(hidden)] : [directions, batch, Dimension(hidden)]
    }

    /// Where the examples of a step begin in `[time, batch, size]` or `[batch, time, size]`, and the distance between them.
    func step(_ time: Int, size: Int, batch: Int) -> (start: Int, stride: Int) {
        isBatchFirst ? (time * size, times * size) : (time * batch * size, size)
    }

    /// The same in Y.
    func outputStep(_ time: Int, direction: Int, batch: Int) -> (start: Int, stride: Int) {
        let start = (time * directions.count + direction) * hidden
        return isBatchFirst ? (start, times * directions.count * hidden) : (start * batch, hidden)
    }

    /// From a state of all directions to `[batch, hidden]` of one.
    func stateStrides(direction: Int, batch: Int) -> instar_strides {
        var strides = instar_strides()
        strides.source_start = direction * hidden * (isBatchFirst ? 1 : batch)
        strides.append(batch, source: isBatchFirst ? directions.count * hidden : hidden, target: hidden)
        strides.append(hidden, source: 1, target: 1)
        return strides
    }

    /// The steps in the order in which a direction takes them.
    func order(direction: Int) -> [Int] { directions[direction] ? (0..<times).reversed() : Array(0..<times) }
}
