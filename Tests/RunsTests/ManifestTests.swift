import Runs
import Testing

@Suite struct ManifestTests {
    private func manifest(_ text: String) throws(RunError) -> Manifest {
        try Manifest(YAMLMapping(text: text, path: "run.yaml"))
    }

    @Test func `what is shown on every page is no book`() throws {
        let long = #expect(throws: RunError.self) { try manifest("name: \(String(repeating: "n", count: 401))") }
        #expect(
            long?.kind == .malformed && long?.reason.contains("expected at most 400 bytes of text, found 401") == true)
        let keys = (0..<1_001).map { "k\($0): 1" }.joined(separator: ", ")
        let many = #expect(throws: RunError.self) { try manifest("hyperparameters: {\(keys)}") }
        #expect(many?.kind == .malformed && many?.reason.contains("expected at most 1000, found 1001") == true)
    }

    @Test func `every key is read`() throws {
        let manifest = try manifest(
            """
            name: toy
            model: graphs/toy.onnx
            data: toy.h5
            checkpoints: weights
            metrics: log.csv
            loss: cross-entropy
            trainable: [a, b]
            buffers: [mask]
            ignored: [head]
            constants: [table]
            names: {layers.dense.vars.0: dense/kernel, a: b}
            hyperparameters: {optimizer: {name: adam, lr: 1e-3}, seeds: [1, 2]}
            steps: {first.h5: 0, second.h5: 10}
            """)
        #expect(manifest.name == "toy")
        #expect(manifest.model == "graphs/toy.onnx")
        #expect(manifest.data == "toy.h5")
        #expect(manifest.checkpoints == "weights")
        #expect(manifest.metrics == "log.csv")
        #expect(manifest.loss == .named("cross-entropy"))
        #expect(manifest.trainable == ["a", "b"])
        #expect(manifest.buffers == ["mask"])
        #expect(manifest.ignored == ["head"])
        #expect(manifest.constants == ["table"])
        #expect(manifest.names == ["layers.dense.vars.0": "dense/kernel", "a": "b"])
        #expect(
            manifest.hyperparameters.map { "\($0.name)=\($0.value)" } == [
                "optimizer.name=adam", "optimizer.lr=1e-3", "seeds.0=1", "seeds.1=2",
            ])
        #expect(manifest.steps?.map(\.file) == ["first.h5", "second.h5"])
        #expect(manifest.steps?.map(\.step) == [0, 10])
    }

    @Test func `an empty manifest says nothing`() throws {
        let manifest = try manifest("")
        #expect(manifest.loss == nil)
        #expect(manifest.trainable == nil)
        #expect(manifest.steps == nil)
        #expect(manifest.hyperparameters.isEmpty)
    }

    @Test func `the graph may give the loss itself`() throws {
        #expect(try manifest("loss: {output: losses}").loss == .output("losses"))
    }

    @Test(arguments: [
        ("hyperparamters: {}", "did you mean hyperparameters?"), ("loss: {outputs: x}", "did you mean output?"),
        ("loss: [a]", "a list of 1"), ("steps: {a.h5: soon}", "expected a whole number"),
        ("steps: {a.h5: -1}", "from 0"), ("names: {W: ''}", "what the tensor is to be called"),
        ("names: {W: }", "what the tensor is to be called"), ("loss: {}", "NAME"),
    ])
    func `a fault says what was meant or expected`(text: String, words: String) {
        let error = #expect(throws: RunError.self) { try manifest(text) }
        #expect(error?.kind == .malformed)
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
}
