import Testing

@testable import Runs

@Suite struct NamesTests {
    @Test(arguments: [
        ("step-sise", "step-size"), ("Chains", "chains"), ("dras", "draws"), ("localisation", "localization"),
        ("zzz", nil), ("", nil),
    ])
    func `the nearest name is found where one is near`(name: String, nearest: String?) {
        #expect(nearestName(to: name, among: ["chains", "draws", "step-size", "localization"]) == nearest)
    }

    @Test func `numbers in names sort as numbers`() {
        let names = ["layers.10.w", "layers.2.w", "a", "layers.2.b", "layers", "layers.02.b", "b1", "b01x"]
        #expect(
            names.sorted(by: precedes) == [
                "a", "b1", "b01x", "layers", "layers.02.b", "layers.2.b", "layers.2.w", "layers.10.w",
            ])
    }
}
