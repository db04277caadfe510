import Testing

struct LearningCoefficientFormulasTests {
    /// Values by an independent implementation.
    @Test(arguments: [
        ([1, 1, 1], 0, 0.5, 2), ([2, 1, 2], 0, 1, 2), ([2, 2, 2], 0, 1.5, 1), ([2, 2, 2], 1, 2, 2),
        ([3, 3, 3], 1, 4, 1), ([5, 5, 5], 2, 11.5, 2), ([5, 3, 4], 1, 7, 2), ([10, 4, 8], 2, 22, 1),
        ([1, 1, 1, 1], 0, 0.5, 3), ([2, 2, 2, 2], 0, 1.5, 3), ([3, 3, 3, 3], 1, 4, 3),
        ([4, 4, 4, 4, 4], 2, 7.5, 5), ([6, 3, 6], 2, 12, 2), ([3, 6, 3], 1, 4.5, 1), ([10, 3, 10], 3, 25.5, 1),
        ([5, 5, 5], 0, 9.5, 2),
    ])
    func `Aoyagi's formula has its known values`(
        widths: [Int], rank: Int, llc: Double, multiplicity: Int
    ) throws {
        let value = try #require(LearningCoefficient.linearNetwork(widths: widths, rank: rank))
        #expect(value == (llc, multiplicity))
    }

    @Test func `two layers are reduced-rank regression, in all four cases`() throws {
        var cases: Set<Int> = []
        for inputs in 1...6 {
            for hidden in 1...6 {
                for outputs in 1...6 {
                    for rank in 0...min(inputs, hidden, outputs) {
                        let widths = [inputs, hidden, outputs]
                        let deep = try #require(LearningCoefficient.linearNetwork(widths: widths, rank: rank))
                        let regression = LearningCoefficient.reducedRank(
                            inputs: inputs, hidden: hidden, outputs: outputs, rank: rank)
                        #expect(
                            deep == (regression.llc, regression.multiplicity), "\(widths) of rank \(rank)")
                        cases.insert(regression.case)
                    }
                }
            }
        }
        #expect(cases == [1, 2, 3, 4])
    }
}
