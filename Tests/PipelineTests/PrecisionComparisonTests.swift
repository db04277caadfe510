import PrecisionComparison
import Sampling
import Testing

@Suite struct PrecisionComparisonTests {
    /// 3.3 million parameters. The bound is the requirement's; a difference of no draw at all would say that the two
    /// were not computed in different precisions.
    @Test func `the LLC of three million parameters in Float is that in Double to a tenth of its error`() async throws {
        let model = try SyntheticModel(hiddenWidth: 4096)
        var settings = model.settings(chainCount: 4, batchSize: 32)
        settings.burnInCount = 16
        settings.drawCount = 24
        let comparison = try await PrecisionComparison(
            single: model.loss(), double: model.loss(), posterior: model.posterior, settings: settings, threadCount: 2)
        #expect(model.posterior.center.count > 3_000_000)
        let share = try #require(comparison.shareOfError)
        #expect(share > 0 && share < 0.1, "\(comparison)")
    }
}
