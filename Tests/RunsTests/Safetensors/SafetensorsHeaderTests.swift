import Tensors
import Testing

@testable import Runs

/// Each case of the reference implementation's tests (huggingface/safetensors, `tensor.rs`) and of the published
/// review of the format (Trail of Bits, 2023) that a header alone can show.
@Suite struct SafetensorsHeaderTests {
    private func header(_ text: String) throws(RunError) -> SafetensorsHeader {
        try SafetensorsHeader(Array(text.utf8), path: "a.safetensors")
    }

    /// Expects a header to be refused, with these words in the message.
    private func refused(_ text: String, _ words: String, kind: RunError.Kind = .malformed) {
        let error = #expect(throws: RunError.self, "\(text.prefix(200))") { try header(text) }
        #expect(error?.kind == kind)
        #expect(error?.path == "a.safetensors")
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    /// A header of one tensor `w`.
    private func one(dtype: String = "F32", shape: String = "[2]", offsets: String = "[0,8]") -> String {
        #"{"w":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":\#(offsets)}}"#
    }

    @Test func `tensors come in the order of their bytes, whatever the order of the names`() throws {
        let header = try header(
            #"{"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},"__metadata__":{"format":"pt"},"#
                + #" "a":{"data_offsets":[0,4],"shape":[],"dtype":"I32"}}   "#)
        #expect(header.entries.map(\.name) == ["a", "b"])
        #expect(header.entries.map(\.shape) == [[], [2]])
        #expect(header.metadata == ["format": "pt"])
        #expect(header.dataByteCount == 12)
    }

    @Test func `tensors without elements take no bytes, and are legal`() throws {
        let header = try header(
            #"{"a":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"#
                + #""c":{"dtype":"F64","shape":[4,0],"data_offsets":[2,2]}}"#)
        #expect(header.entries.map(\.name) == ["a", "b", "c"])
        #expect(try self.header("{}").dataByteCount == 0)
    }

    @Test func `names may hold any character`() throws {
        let header = try header(#"{"a\u00e9\ud83d\ude00\"/\\":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#)
        #expect(header.entries[0].name == "aé😀\"/\\")
    }

    @Test func `a header that does not begin with a brace is refused`() {
        refused(" {}", "does not begin with `{`")
        refused("[]", "does not begin with `{`")
        refused("", "does not begin with `{`")
        refused("\u{FEFF}{}", "does not begin with `{`")
    }

    @Test func `what is not JSON is refused`() {
        for text in [
            "{", "{\"w\"", "{\"w\":}", "{w:{}}", "{\"w\":{},}", "{\"w\":{\"dtype\":\"F32\",}}", "{}}", "{} {}", "{}\0",
        ] {
            refused(text, "")
        }
    }

    @Test func `text that is not UTF-8 is refused`() {
        let bytes = Array("{\"".utf8) + [0xFF, 0xFE] + Array("\":{}}".utf8)
        let error = #expect(throws: RunError.self) { try SafetensorsHeader(bytes, path: "a") }
        #expect(error?.reason.contains("not UTF-8") == true)
        refused(#"{"\ud800":{}}"#, "half a character")
    }

    @Test func `a name that stands twice is refused`() {
        let entry = #"{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#
        refused(#"{"w":\#(entry),"w":\#(entry)}"#, "w: stands twice")
        refused(#"{"w":\#(entry),"\u0077":\#(entry)}"#, "w: stands twice")
        refused(#"{"__metadata__":{},"__metadata__":{}}"#, "stands twice")
    }

    @Test func `a field that stands twice is refused`() {
        refused(#"{"w":{"dtype":"U8","dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#, "`dtype` twice")
        refused(#"{"w":{"dtype":"U8","shape":[0],"shape":[1],"data_offsets":[0,0]}}"#, "`shape` twice")
        refused(#"{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"data_offsets":[0,0]}}"#, "`data_offsets` twice")
    }

    @Test func `a field that is missing or not known is refused`() {
        refused(#"{"w":{"dtype":"U8","shape":[0]}}"#, "lacks one of")
        refused(#"{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"code":"x"}}"#, "an entry `code`")
        refused(#"{"w":[]}"#, "expected `{`")
        refused(one(offsets: "[0]"), "lacks one of")
        refused(one(offsets: "[0,8,8]"), "more than 2 numbers")
        refused(one(offsets: "8"), "expected `[`")
    }

    @Test func `values nested without end are refused where they begin`() {
        let depth = 1_000_000
        refused(#"{"w":{"dtype":"# + String(repeating: "[", count: depth), "expected `\"`")
        refused(#"{"w":{"shape":"# + String(repeating: "[", count: depth), "expected a whole number")
        refused(String(repeating: #"{"a":"#, count: depth), "an entry `a`")
        refused(#"{"__metadata__":{"a":"# + String(repeating: "{", count: depth), "not text")
    }

    @Test func `metadata that is not text is refused`() {
        for value in ["1", "null", "[]", "{}", "true"] { refused(#"{"__metadata__":{"a":\#(value)}}"#, "not text") }
        refused(#"{"__metadata__":"text"}"#, "expected `{`")
        refused(#"{"__metadata__":{"a":"1","a":"2"}}"#, "`a` twice")
    }

    @Test func `an element type that is not known is unsupported, and said to be so`() {
        refused(one(dtype: "F7"), "the element type F7, which is not one of", kind: .unsupported)
        refused(one(dtype: "f32"), "the element type f32", kind: .unsupported)
        for type in ["F8_E4M3", "F8_E5M2", "F8_E8M0", "F6_E2M3", "F4"] {
            refused(one(dtype: type), "quantized type; save the weights as float32", kind: .unsupported)
        }
        refused(one(dtype: "C64"), "cast the tensor", kind: .unsupported)
    }

    @Test func `numbers that are no whole numbers from 0 are refused`() {
        for number in ["-1", "1.0", "1e3", "0.5", "\"1\"", "null", "01", "+1", "true", "NaN", "0x10"] {
            refused(one(shape: "[\(number)]"), "")
            refused(one(offsets: "[0,\(number)]"), "")
        }
        refused(one(shape: "[9223372036854775808]"), "more than 63 bits")
        refused(one(shape: "[99999999999999999999999]"), "more than 63 bits")
    }

    @Test func `a shape whose product overflows is refused`() {
        refused(one(shape: "[9223372036854775807]"), "more elements than memory can address")
        refused(one(shape: "[4294967296,4294967296]"), "more elements than memory can address")
        refused(one(shape: "[4611686018427387904,4,0]", offsets: "[0,0]"), "more elements than memory can address")
    }

    @Test func `a shape of more axes than anyone uses is refused`() {
        let ones = Array(repeating: "1", count: 65).joined(separator: ",")
        refused(one(shape: "[\(ones)]", offsets: "[0,4]"), "more than 64 numbers")
    }

    @Test func `bytes that are not those of shape and type are refused`() {
        refused(one(offsets: "[0,7]"), "has 7 bytes, and its shape [2] of float32 takes 8")
        refused(one(shape: "[3]"), "takes 12")
        refused(one(shape: "[]"), "takes 4")
        refused(one(shape: "[0]"), "takes 0")
    }

    @Test func `bytes that end before they begin are refused`() {
        refused(one(offsets: "[8,0]"), "before they begin")
    }

    @Test func `a hole before or between tensors is refused`() {
        refused(one(offsets: "[4,12]"), "leave a gap")
        refused(
            #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}}"#,
            "b: its bytes from 3 up to 5 leave a gap")
    }

    @Test func `tensors that share bytes are refused`() {
        refused(
            #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}"#,
            "b: its bytes from 2 up to 6 overlap")
        // The reference implementation's "json attack": ten tensors over the same bytes.
        let same = (0..<10).map { #""weight_\#($0)":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}"# }
        refused("{\(same.joined(separator: ","))}", "overlap")
    }

    @Test func `more tensors than anyone has are refused`() {
        let entry = #":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#
        let names = (0...SafetensorsHeader.entryLimit).lazy.map { "\"\($0)\"\(entry)" }
        refused("{\(names.joined(separator: ","))}", "more than 100000 tensors")
    }
}
