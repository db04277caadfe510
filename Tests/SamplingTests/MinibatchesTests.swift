import Sampling
import Testing

struct MinibatchesTests {
    static func make(
        _ scheme: SamplingSettings.Minibatches, examples: Int, batch: Int, chain: Int = 0
    ) -> Minibatches {
        Minibatches(
            exampleCount: examples, batchSize: batch, scheme: scheme,
            stream: RandomStream(seed: 1, trainingStep: 2, chain: chain, purpose: .minibatches))
    }

    static func draws(_ minibatches: Minibatches, _ draws: some Sequence<Int>) -> [[Int]] {
        var minibatches = minibatches
        var indices: [Int] = []
        return draws.map {
            minibatches.indices(ofDraw: $0, into: &indices)
            return indices
        }
    }

    @Test(arguments: SamplingSettings.Minibatches.allCases)
    func `a draw's minibatch does not depend on the draws before`(_ scheme: SamplingSettings.Minibatches) {
        let minibatches = Self.make(scheme, examples: 10, batch: 3)
        let forward = Self.draws(minibatches, 0..<20)
        #expect(Self.draws(minibatches, (0..<20).reversed()) == forward.reversed())
        #expect(Self.draws(minibatches, [13]) == [forward[13]])
        #expect(Self.draws(Self.make(scheme, examples: 10, batch: 3, chain: 1), 0..<20) != forward)
    }

    @Test func `an epoch holds every example once but for a short last batch`() {
        let draws = Self.draws(Self.make(.epochs, examples: 11, batch: 3), 0..<6)
        for epoch in [draws[0..<3], draws[3..<6]] {
            let seen = epoch.joined()
            #expect(seen.count == 9 && Set(seen).count == 9)
        }
        #expect(draws[0..<3] != draws[3..<6])
        #expect(Self.draws(Self.make(.epochs, examples: 5, batch: 5), [3, 0]) == [Array(0..<5), Array(0..<5)])
    }

    @Test func `independent draws repeat examples and reach all`() {
        let draws = Self.draws(Self.make(.iid, examples: 4, batch: 8), 0..<50)
        #expect(draws.allSatisfy { $0.count == 8 })
        #expect(Set(draws.joined()) == Set(0..<4))
    }
}
