/// The minibatches of one chain, by draw.
///
/// Draw t's minibatch depends on the stream and t alone, so a chain can be continued or lengthened at any draw. The
/// value keeps the last epoch's order to save shuffling it again.
public struct Minibatches: Sendable {
    /// n, the number of examples.
    public let exampleCount: Int
    /// Examples per minibatch.
    public let batchSize: Int
    /// How they are drawn.
    public let scheme: SamplingSettings.Minibatches
    private let stream: RandomStream
    private var order: [Int] = []
    private var orderedEpoch: Int?

    /// Creates the minibatches of one chain.
    ///
    /// - Parameters:
    ///   - exampleCount: n, at least 1.
    ///   - batchSize: At least 1; with `epochs` at most n.
    ///   - scheme: Independent with replacement, or shuffled passes with a short last batch left out.
    ///   - stream: The chain's stream for minibatches.
    public init(exampleCount: Int, batchSize: Int, scheme: SamplingSettings.Minibatches, stream: RandomStream) {
        precondition(exampleCount > 0 && batchSize > 0, "there are examples, and a minibatch has some")
        precondition(scheme == .iid || batchSize <= exampleCount, "an epoch holds at least one minibatch")
        self.exampleCount = exampleCount
        self.batchSize = batchSize
        self.scheme = scheme
        self.stream = stream
    }

    /// Writes the example indices of a draw, `batchSize` of them.
    public mutating func indices(ofDraw draw: Int, into indices: inout [Int]) {
        indices.removeAll(keepingCapacity: true)
        switch scheme {
        case .iid:
            var generator = stream.generator(row: draw)
            for _ in 0..<batchSize { indices.append(generator.uniform(below: exampleCount)) }
        case .epochs:
            let batchesPerEpoch = exampleCount / batchSize
            let (epoch, batch) = draw.quotientAndRemainder(dividingBy: batchesPerEpoch)
            if orderedEpoch != epoch {
                // A batch of all examples is the same batch in any order.
                if batchesPerEpoch == 1 && batchSize == exampleCount {
                    if order.isEmpty { order = Array(0..<exampleCount) }
                } else {
                    shuffle(epoch: epoch)
                }
                orderedEpoch = epoch
            }
            indices.append(contentsOf: order[batch * batchSize..<(batch + 1) * batchSize])
        }
    }

    /// Fisher and Yates' shuffle of 0..<n.
    private mutating func shuffle(epoch: Int) {
        var generator = stream.generator(row: epoch)
        order = Array(0..<exampleCount)
        for last in stride(from: exampleCount - 1, to: 0, by: -1) {
            order.swapAt(last, generator.uniform(below: last + 1))
        }
    }
}
