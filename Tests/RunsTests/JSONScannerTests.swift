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

    @Test(arguments: [
        ("[1]", "expected `{`, found `[`"), (#"{"a" 1}"#, "expected `:`, found `1`"), (#"{"a":1"#, "found its end"),
        (#"{"a":1 "b":2}"#, "expected `,` or `}`"), ("{1:2}", "expected `\"`, found `1`"),
        (#"{"a":[1 2]}"#, "expected `,` or `]`"), (#"{"a":x}"#, "expected a value, found `x`"),
        (#"{"a":1} x"#, "expected its end, found `x`"), (#"{"a\x":1}"#, "expected an escaped character"),
        (#"{"a\u12g4":1}"#, "expected four hexadecimal digits"), (#"{"\ud800":1}"#, "holds half a character"),
        ("{\"a\n\":1}", "expected no control character in a text, found byte 10"),
    ])
    func `what is not as expected is named with its place`(text: String, words: String) {
        let error = #expect(throws: RunError.self) {
            var scanner = scanner(text)
            try scanner.forEachMember { scanner, _ throws(RunError) in try scanner.skipValue() }
            try scanner.finish()
        }
        #expect(error?.kind == .malformed && error?.path == "a.json")
        #expect(error?.reason.hasPrefix("its text ") == true && error?.reason.contains("(byte ") == true)
        #expect(error?.reason.contains(words) == true, "\(error?.reason ?? "")")
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
