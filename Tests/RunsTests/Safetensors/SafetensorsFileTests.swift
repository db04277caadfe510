import Foundation
import Tensors
import TestSupport
import Testing

@testable import Runs

@Suite struct SafetensorsFileTests {
    /// The bytes of a file with this header, or this length in its place.
    static func bytes(_ header: String, _ data: [UInt8] = [], length: UInt64? = nil) -> Data {
        let stated = length ?? UInt64(header.utf8.count)
        return Data((0..<8).map { UInt8(truncatingIfNeeded: stated >> (8 * $0)) } + Array(header.utf8) + data)
    }

    private static let vector = #"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#

    /// Writes a file, last changed as many seconds ago as given, and opens it.
    private func open(_ bytes: Data, age: Double = 3_600) throws -> SafetensorsFile {
        try withTemporaryFolder { folder in
            let path = "\(folder)/a.safetensors"
            try bytes.write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes(
                [.modificationDate: Date().addingTimeInterval(-age)], ofItemAtPath: path)
            return try SafetensorsFile(reading: path)
        }
    }

    private func refused(_ bytes: Data, _ words: String, kind: RunError.Kind = .malformed, age: Double = 3_600) {
        let error = #expect(throws: RunError.self) { try open(bytes, age: age) }
        #expect(error?.kind == kind)
        #expect(error?.reason.contains(words) == true, "\(error?.reason ?? "")")
    }

    @Test func `every element type is read as the library wrote it`() throws {
        let file = try SafetensorsFile(reading: Fixture.url("safetensors/types.safetensors").path())
        let expected: [String: (ElementType, Shape, Tensor.Elements)] = [
            "f64": (.float64, [4], .double([-1.5, 0.25, 2, 100])),
            "f32": (.float32, [2, 2], .float([-1.5, 0.25, 2, 100])),
            "f16": (.float16, [4], .float([-1.5, 0.25, 2, 100])), "bf16": (.bfloat16, [3], .float([1, -2, 3.140625])),
            "i64": (.int64, [4], .integer([.min, 0, 2, .max])), "i32": (.int32, [4], .integer([-1, 0, 2, 100])),
            "i16": (.int16, [4], .integer([-1, 0, 2, 100])), "i8": (.int8, [4], .integer([-128, 0, 2, 127])),
            "u64": (.uint64, [4], .integer([0, 1, 2, 100])), "u32": (.uint32, [4], .integer([0, 1, 2, 4_294_967_295])),
            "u16": (.uint16, [4], .integer([0, 1, 2, 65_535])), "u8": (.uint8, [4], .integer([0, 1, 2, 255])),
            "bool": (.bool, [3], .integer([1, 0, 1])), "scalar": (.float32, [], .float([3.5])),
            "nothing": (.float32, [0, 3], .float([])),
        ]
        #expect(Set(file.tensors.map(\.name)) == Set(expected.keys))
        for (name, (type, shape, elements)) in expected {
            #expect(try file.read(name) == Tensor(shape: shape, elementType: type, elements: elements), "\(name)")
        }
        #expect(file.metadata == ["format": "pt"])
        let absent = #expect(throws: RunError.self) { try file.read("absent") }
        #expect(absent?.kind == .notFound && absent?.object == "absent" && absent?.reason == "is not in the file")
    }

    @Test func `float8 is refused with what to do`() throws {
        let path = try Fixture.url("safetensors/refused.safetensors").path()
        let error = #expect(throws: RunError.self) { try SafetensorsFile(reading: path) }
        #expect(error?.kind == .unsupported)
        #expect(error?.object == "w")
        #expect(error?.reason.contains("save the weights as float32 or bfloat16") == true)
    }

    @Test func `tensors longer than a block of conversion are whole`() throws {
        let count = 200_000
        let bits = (0..<count).map { UInt16(truncatingIfNeeded: $0 &* 7) & 0x7F7F }
        let data = bits.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        let header = #"{"w":{"dtype":"BF16","shape":[\#(count)],"data_offsets":[0,\#(2 * count)]}}"#
        let read = try open(SafetensorsFileTests.bytes(header, data)).read("w")
        #expect(read.elements == .float(bits.map { Float(bitPattern: UInt32($0) << 16) }))
    }

    @Test func `a length larger than any header is refused before it is allocated`() {
        refused(SafetensorsFileTests.bytes("{}", length: 100_000_001), "100000001 bytes, and 100000000 is the most")
        refused(SafetensorsFileTests.bytes("{}", length: .max), "18446744073709551615 bytes")
        refused(SafetensorsFileTests.bytes("{}", length: 1 << 63), "9223372036854775808 bytes")
    }

    @Test func `a length beyond the file is one that was cut short`() {
        refused(SafetensorsFileTests.bytes("{}", length: 99_999_999), "its header has 99999999 bytes, and 2 follow")
        refused(SafetensorsFileTests.bytes("{}", length: 3), "cut short")
    }

    @Test func `a length that cuts the header is refused`() {
        refused(
            SafetensorsFileTests.bytes(SafetensorsFileTests.vector, [UInt8](repeating: 0, count: 8), length: 20),
            "not JSON")
        refused(SafetensorsFileTests.bytes("{}", length: 0), "does not begin with `{`")
    }

    @Test func `bytes behind the last tensor are refused`() {
        refused(
            SafetensorsFileTests.bytes(SafetensorsFileTests.vector, [UInt8](repeating: 0, count: 9)),
            "1 bytes behind its last tensor")
        refused(SafetensorsFileTests.bytes("{}", Array("PK\u{3}\u{4}".utf8)), "4 bytes behind its last tensor")
    }

    @Test func `a file of another format is refused`() throws {
        refused(Data("PK\u{3}\u{4} and what follows in an archive".utf8), "no safetensors file")
        refused(try Fixture.data("hdf5/flat/step_0.h5"), "no safetensors file")
    }

    @Test func `a file cut short at any byte is damaged if it is old, and temporary if it is new`() throws {
        let whole = try Fixture.data("safetensors/flat/step_20.safetensors")
        for length in 0..<whole.count {
            refused(whole.prefix(length), "cut short", age: 60)
            refused(whole.prefix(length), "is training still writing it?", kind: .temporary, age: 1)
        }
        #expect(try open(whole).tensors.count == 3)
    }

    @Test func `every single byte changed in a header gives an error or the same amount of tensors`() throws {
        let whole = try Fixture.data("safetensors/flat/step_20.safetensors")
        let length = Int(whole[0]) + 256 * Int(whole[1]) + 8
        for position in 0..<length {
            for bit in 0..<8 {
                var bytes = whole
                bytes[position] ^= 1 << UInt8(bit)
                do {
                    let file = try open(bytes)
                    #expect(file.tensors.count <= 3)
                    for tensor in file.tensors { _ = try file.read(tensor.name) }
                } catch is RunError {}
            }
        }
    }

    @Test func `a bool that is neither 0 nor 1 and a uint64 beyond Int64 are refused`() throws {
        let bool = try open(
            SafetensorsFileTests.bytes(#"{"w":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}}"#, [1, 2]))
        var error = #expect(throws: RunError.self) { try bool.read("w") }
        #expect(error?.kind == .malformed && error?.reason.contains("a bool that is 2, neither 0 nor 1") == true)
        let large = try open(
            SafetensorsFileTests.bytes(
                #"{"w":{"dtype":"U64","shape":[1],"data_offsets":[0,8]}}"#, [0, 0, 0, 0, 0, 0, 0, 0x80]))
        error = #expect(throws: RunError.self) { try large.read("w") }
        #expect(error?.kind == .unsupported && error?.reason.contains("store it as int64 or float64") == true)
    }

    @Test func `a file that becomes shorter while it is open is temporary`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/a.safetensors"
            let bytes = SafetensorsFileTests.bytes(SafetensorsFileTests.vector, [UInt8](repeating: 0, count: 8))
            try bytes.write(to: URL(fileURLWithPath: path))
            let file = try SafetensorsFile(reading: path)
            truncate(path, off_t(bytes.count - 3))
            let error = #expect(throws: RunError.self) { try file.read("w") }
            #expect(error?.kind == .temporary)
            #expect(error?.reason.contains("became shorter while it was read") == true)
        }
    }

    @Test func `a file that is absent, a folder, or a pipe is refused without waiting`() throws {
        try withTemporaryFolder { folder in
            var error = #expect(throws: RunError.self) { try SafetensorsFile(reading: "\(folder)/absent.safetensors") }
            #expect(error?.kind == .notFound && error?.reason == "is not there; expected a file")
            error = #expect(throws: RunError.self) { try SafetensorsFile(reading: folder) }
            #expect(error?.kind == .malformed && error?.reason == "expected a file, found a folder or device")
            #expect(mkfifo("\(folder)/pipe.safetensors", 0o600) == 0)
            error = #expect(throws: RunError.self) { try SafetensorsFile(reading: "\(folder)/pipe.safetensors") }
            #expect(error?.kind == .malformed)
            let closed = "\(folder)/closed.safetensors"
            try Data().write(to: URL(fileURLWithPath: closed))
            #expect(chmod(closed, 0o000) == 0)
            error = #expect(throws: RunError.self) { try boundByPermissions { try SafetensorsFile(reading: closed) } }
            #expect(error?.kind == .io && error?.reason == "cannot be opened: Permission denied; check its permissions")
        }
    }

    @Test func `more values than memory may hold are refused before any is read`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/step_1.safetensors"
            let count = 1 << 38
            let header = #"{"w":{"dtype":"F32","shape":[\#(count)],"data_offsets":[0,\#(4 * count)]}}"#
            let bytes = Self.bytes(header, [])
            try bytes.write(to: URL(fileURLWithPath: path))
            // A file of a terabyte that takes no room.
            try #require(truncate(path, off_t(bytes.count + 4 * count)) == 0)
            let error = #expect(throws: RunError.self) {
                try CheckpointFileReader().tensors(at: CheckpointReference(step: 1, file: path))
            }
            #expect(error?.kind == .unsupported && error?.reason.contains("holds 1048576 MiB or more") == true)
        }
    }
}
