import Testing

@testable import Runs

@Suite struct JSONScannerTests {
    private func scanner(_ text: String) -> JSONScanner {
        JSONScanner(Array(text.utf8), of: "its text", path: "a.json")
    }

    @Test func `members are handed over in their order, twice where they stand twice`() throws {
        var scanner = scanner(#" { "a" : 1 , "b" : [ 2, 3 ], "a" : 4 } "#)
        var keys: [String] = []
        var numbers: [Int] = []
        try scanner.forEachMember { scanner, key throws(RunError) in
            keys.append(key)
            if key == "a" {
                numbers.append(try scanner.naturalNumber())
            } else {
                try scanner.forEachElement { scanner throws(RunError) in numbers.append(try scanner.naturalNumber()) }
            }
        }
        try scanner.finish()
        #expect(keys == ["a", "b", "a"])
        #expect(numbers == [1, 2, 3, 4])
    }

    @Test(arguments: [
        (#""plain""#, "plain"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""é\u00e9\ud83d\ude00""#, "éé😀"),
        (#""""#, ""),
    ])
    func `texts are decoded`(text: String, expected: String) throws {
        var scanner = scanner(text)
        #expect(try scanner.string() == expected)
    }

    @Test(arguments: [#""abc"#, #""\x""#, #""\u12g4""#, #""\ud800""#, #""\udc00""#, "\"\n\"", #""\"#, "abc", #""\u12"#])
    func `texts that break the rules are refused`(text: String) {
        let error = #expect(throws: RunError.self) {
            var scanner = scanner(text)
            _ = try scanner.string()
        }
        #expect(error?.kind == .malformed)
    }

    @Test(arguments: [
        "null", "true", "-1.5e-3", "[]", "{}", #"{"a":[{"b":null}],"c":"x"}"#, "NaN", "-Infinity", "Infinity",
        "[1, NaN]",
    ])
    func `any value is skipped, also those that only Python writes`(text: String) throws {
        var scanner = scanner(text)
        try scanner.skipValue()
        try scanner.finish()
    }

    @Test(arguments: ["", "nul", "[1", "[1 2]", "{\"a\"}", "{1:2}", "1x", "]", "[,]", "--1"])
    func `what is no value is not skipped`(text: String) {
        #expect(throws: RunError.self) {
            var scanner = scanner(text)
            try scanner.skipValue()
            try scanner.finish()
        }
    }

    @Test func `values nested without end are refused`() {
        for opening in ["[", #"{"a":"#] {
            let error = #expect(throws: RunError.self) {
                var scanner = scanner(String(repeating: opening, count: 1_000_000))
                try scanner.skipValue()
            }
            #expect(error?.reason.contains("nests values deeper than 64") == true, "\(error?.reason ?? "")")
        }
    }
}
