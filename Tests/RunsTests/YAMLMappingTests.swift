import Runs
import Testing

@Suite struct YAMLMappingTests {
    private func yaml(_ text: String) throws(RunError) -> YAMLMapping { try YAMLMapping(text: text, path: "a.yaml") }

    @Test func `values read by type`() throws {
        let yaml = try yaml("a: 1\nb: 1e3\nc: 0.5\nd: yes\ne: [x, y]\nf: word\ng: {h: 2}\ni: ~\nj: '5'\nk: 1_000\n")
        #expect(try yaml.integer("a") == 1)
        #expect(try yaml.integer("b") == 1000)
        #expect(try yaml.number("c") == 0.5)
        #expect(try yaml.texts("e") == ["x", "y"])
        #expect(try yaml.texts("f") == ["word"])
        #expect(try yaml.mapping("g")?.integer("h") == 2)
        #expect(try yaml.text("i") == nil)
        #expect(try yaml.text("j") == "5")
        #expect(try yaml.integer("k") == 1000)
        #expect(try yaml.text("absent") == nil)
    }

    @Test func `a value of another type names file, line, key, expectation and finding`() throws {
        let yaml = try yaml("chains: 4\nnested:\n  draws: many\n")
        let error = #expect(throws: RunError.self) { try yaml.mapping("nested")?.integer("draws") }
        #expect(error?.description == "a.yaml: nested.draws: line 3: expected a whole number, found \"many\"")
        for read in [{ _ = try yaml.mapping("chains") }, { _ = try yaml.text("nested") }] as [() throws -> Void] {
            #expect(throws: RunError.self) { try read() }
        }
    }

    @Test func `an unknown key is refused with its line and the nearest name`() throws {
        let yaml = try yaml("chains: 4\nburn_inn: 10\n")
        let error = #expect(throws: RunError.self) { try yaml.rejectUnknownKeys(known: ["chains", "burn_in"]) }
        #expect(error?.description == "a.yaml: burn_inn: line 2: is not a known key; did you mean burn_in?")
    }

    @Test(arguments: ["a: [1", "- 1\n- 2", "word", "a: 1\na: 2"])
    func `what is no mapping is malformed`(text: String) {
        let error = #expect(throws: RunError.self) { try yaml(text) }
        #expect(error?.kind == .malformed)
    }

    @Test func `an empty text and JSON are mappings`() throws {
        #expect(try yaml("").entries.isEmpty)
        #expect(try yaml("# nothing\n").entries.isEmpty)
        #expect(
            try yaml("{\"a\": {\"b\": [1, 2.5]}}").flattened.map { "\($0.name)=\($0.value)" } == [
                "a.b.0=1", "a.b.1=2.5",
            ])
    }
}
