import Testing

@testable import Sampling

struct RanksTests {
    @Test func `equal values share their average rank`() {
        #expect(averageRanks([[3, 1, 4], [1, 5, 1]]) == [[4, 2, 5], [2, 6, 2]])
    }

    @Test func `quantiles are interpolated`() {
        #expect(quantile([[4, 1], [3, 2]], 0.5) == 2.5)
        #expect(quantile([[4, 1], [3, 2]], 0) == 1)
        #expect(quantile([[4, 1], [3, 2]], 1) == 4)
    }

    @Test func `splitting leaves out an odd chain's middle`() {
        #expect(splitChains([[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]) == [[1, 2], [6, 7], [4, 5], [9, 10]])
    }
}
