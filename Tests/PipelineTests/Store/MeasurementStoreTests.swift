import Development
import Testing

@testable import Pipeline

@Suite struct MeasurementStoreTests {
    @Test func `inputs that changed are told in words, digests not at all`() {
        let (old, new) = (String(repeating: "0", count: 64), String(repeating: "1", count: 64))
        func entries(_ graph: String, _ loss: String?, _ sampled: String) -> [Entry] {
            [Entry(name: "graph", value: graph), Entry(name: "sampled", value: sampled)]
                + (loss.map { [Entry(name: "loss", value: $0)] } ?? [])
        }
        let stored = entries(old, "mse", "fc1.weight fc2.weight")
        #expect(stored.differences(from: stored).isEmpty)
        #expect(
            entries(new, nil, "fc1.weight fc3.weight fc3.bias").differences(from: stored) == [
                "graph: changed since", "sampled: now without fc2.weight, with fc3.weight, fc3.bias",
                "loss: then mse, now none",
            ])
    }
}
