import Foundation
import Runs
import TestSupport
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

    @Test(arguments: [
        ("a: [1", "is not YAML"), ("- 1\n- 2", "expected `key: value` lines"),
        ("word", "expected `key: value` lines, found a single value or a list"), ("a: 1\na: 2", "is not YAML"),
        ("a: 1\n? [a, b]\n: 1", "line 2: expected a key that is a single word"), ("a: *b", "is not YAML"),
    ])
    func `what is no mapping is malformed`(text: String, words: String) {
        let error = #expect(throws: RunError.self) { try yaml(text) }
        #expect(error?.kind == .malformed)
        #expect(error?.reason.contains(words) == true, "\(error?.reason ?? "")")
    }

    @Test func `each form of value says what it expected and found`() throws {
        let yaml = try yaml("a: {b: c}\nd: [1, [2]]\ne: much\nf: .inf\n")
        func expect(_ words: String, _ read: () throws -> Void) {
            let error = #expect(throws: RunError.self) { try read() }
            #expect(
                error?.kind == .malformed && error?.description == "a.yaml: \(words)", "\(error?.description ?? "")")
        }
        expect("a: line 1: expected one word, found `key: value` lines") { _ = try yaml.text("a") }
        expect("a: line 1: expected a list of words, found `key: value` lines") { _ = try yaml.texts("a") }
        expect("d: line 2: expected a list of words, found a list of 1 in it") { _ = try yaml.texts("d") }
        expect("d: line 2: expected `key: value` lines, found a list of 2") { _ = try yaml.mapping("d") }
        expect("e: line 3: expected a whole number, found \"much\"") { _ = try yaml.integer("e") }
        expect("e: line 3: expected a number, found \"much\"") { _ = try yaml.number("e") }
        expect("f: line 4: expected a number, found \".inf\"") { _ = try yaml.number("f") }
    }

    @Test func `an empty text and JSON are mappings`() throws {
        #expect(try yaml("").entries.isEmpty)
        #expect(try yaml("# nothing\n").entries.isEmpty)
        #expect(
            try yaml("{\"a\": {\"b\": [1, 2.5]}}").flattened.map { "\($0.name)=\($0.value)" } == [
                "a.b.0=1", "a.b.1=2.5",
            ])
    }

    @Test func `aliases, which multiply, are refused and stars in patterns are not`() throws {
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...30 {
            let aliases = [String](repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            bomb += "a\(level): &a\(level) [\(aliases)]\n"
        }
        for text in [
            bomb, bomb + "? *a30\n: key\n", "a: &a 1\nb: *a\n", "a: &a [x]\nb: {\"k\":*a,\"l\":*a}\n",
            "a: &a x\nb: {*a:y}\n",
        ] {
            let error = #expect(throws: RunError.self) { try yaml(text) }
            #expect(error?.kind == .unsupported && error?.reason.contains("write the value out") == true)
        }
        let plain = try yaml("a: R&D\nb: ['*.bias', blocks.*.attn, '!*.bias']\nc: &unused 1\n")
        #expect(try plain.texts("b") == ["*.bias", "blocks.*.attn", "!*.bias"])
        #expect(try plain.integer("c") == 1)
    }

    @Test(arguments: ["[", "{a: ", "- ", "? ", "{? "]) func `deep nesting is an error`(opening: String) {
        let error = #expect(throws: RunError.self) { try yaml(String(repeating: opening, count: 100_000)) }
        #expect(error?.kind == .malformed)
    }

    @Test func `a file that is no regular one, or too large, is not read`() throws {
        let device = #expect(throws: RunError.self) { try YAMLMapping.load(path: "/dev/zero") }
        #expect(device?.kind == .malformed && device?.reason == "expected a file, found a folder or device")
        let absent = #expect(throws: RunError.self) { try YAMLMapping.load(path: "/nowhere/run.yaml") }
        #expect(absent?.kind == .notFound && absent?.reason == "is not there; expected a file")
        try withTemporaryFolder { folder in
            let path = "\(folder)/run.yaml"
            try Data([0xFF, 0xFE]).write(to: URL(filePath: path))
            let bytes = #expect(throws: RunError.self) { try YAMLMapping.load(path: path) }
            #expect(bytes?.kind == .malformed && bytes?.reason == "is not UTF-8 text; save it as UTF-8")
            #expect(chmod(path, 0o000) == 0)
            let closed = #expect(throws: RunError.self) { try boundByPermissions { try YAMLMapping.load(path: path) } }
            #expect(closed?.kind == .io, "\(closed?.reason ?? "")")
            #expect(closed?.reason.hasPrefix("cannot be opened: ") == true, "\(closed?.reason ?? "")")
            #expect(chmod(path, 0o600) == 0)
            try Data().write(to: URL(filePath: path))
            // A hole: no disk is used.
            try FileHandle(forWritingTo: URL(filePath: path)).truncate(atOffset: 1 << 40)
            let error = #expect(throws: RunError.self) { try YAMLMapping.load(path: path) }
            #expect(error?.kind == .unsupported && error?.reason.contains("16 MiB") == true)
        }
    }
}
