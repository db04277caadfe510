import Foundation
import Tensors
import TestSupport
import Testing

@testable import HDF5

@Suite struct HDF5WriterTests {
    private func write(_ root: HDF5Writer) throws(HDF5Error) {
        try root.setAttribute("text", .text("é"))
        try root.setAttribute("texts", .texts(["chain", "draw"]))
        try root.setAttribute("integer", .integer(-3))
        try root.setAttribute("number", .number(0.1))
        let group = try root.createGroup("posterior")
        try group.writeDimension("chain", Tensor([Int64(0), 1], shape: [2]))
        try group.writeDimension("draw", Tensor([Int64(0), 1, 2], shape: [3]))
        try group.writeDimension("kind", ["a", "bé"])
        try group.writeDimension("plain", count: 2)
        try group.write(
            "llc", Tensor([1.0, 2, 3, 4, 5, 0.1], shape: [2, 3]), dimensions: ["chain", "draw"],
            attributes: [("unit", .text("nats"))])
        try group.write(
            "loss", Tensor([Float(1), 2, 3, 4], shape: [2, 2]), dimensions: ["kind", "plain"], compression: 4)
        try group.write("steps", Tensor([Int64.min, 0, .max], shape: [3]), compression: 9)
        try group.write("scalar", Tensor([2.5], shape: []))
        try group.write("names", ["x", "", "ž"])
    }

    @Test func `what is written reads back the same`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/out.h5"
            try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in try write(root) }
            let root = try HDF5File(reading: path).root()
            #expect(try root.attribute("text") == .text("é"))
            #expect(try root.attribute("texts") == .texts(["chain", "draw"]))
            #expect(try root.attribute("integer") == .integer(-3))
            #expect(try root.attribute("number") == .number(0.1))
            let group = try root.group("posterior")
            #expect(try group.dataset("llc").read() == Tensor([1.0, 2, 3, 4, 5, 0.1], shape: [2, 3]))
            #expect(try group.dataset("llc").attribute("unit") == .text("nats"))
            #expect(try group.dataset("loss").read() == Tensor([Float(1), 2, 3, 4], shape: [2, 2]))
            #expect(try group.dataset("steps").read() == Tensor([Int64.min, 0, .max], shape: [3]))
            #expect(try group.dataset("scalar").read() == Tensor([2.5], shape: []))
            #expect(try group.dataset("names").readTexts() == ["x", "", "ž"])
            #expect(try group.dataset("kind").readTexts() == ["a", "bé"])
            #expect(try group.dataset("chain").attribute("CLASS") == .text("DIMENSION_SCALE"))
            #expect(try group.dataset("chain").attribute("NAME") == .text("chain"))
        }
    }

    @Test func `the scale of each axis and the names of attributes are found`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/out.h5"
            try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in try write(root) }
            let root = try HDF5File(reading: path).root()
            #expect(try root.attributeNames() == ["integer", "number", "text", "texts"])
            let group = try root.group("posterior")
            #expect(try group.dataset("llc").dimensionScales() == ["/posterior/chain", "/posterior/draw"])
            #expect(try group.dataset("loss").dimensionScales() == ["/posterior/kind", "/posterior/plain"])
            #expect(try group.dataset("steps").dimensionScales() == [nil])
            #expect(try group.dataset("chain").dimensionScales() == [nil])
            #expect(try group.dataset("scalar").dimensionScales() == [])
        }
    }

    @Test func `a list of dimensions of another type is malformed`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/out.h5"
            try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
                try root.write(
                    "loss", Tensor([1.0, 2], shape: [2]), attributes: [("DIMENSION_LIST", .texts(["draw", "chain"]))])
            }
            let error = #expect(throws: HDF5Error.self) {
                try HDF5File(reading: path).root().dataset("loss").dimensionScales()
            }
            #expect(error?.kind == .malformed)
        }
    }

    @Test func `equal content gives equal bytes at another time`() throws {
        let first = try HDF5File.image(path: "a.h5") { root throws(HDF5Error) in try write(root) }
        // Object times would count seconds.
        Thread.sleep(forTimeInterval: 1.1)
        #expect(try HDF5File.image(path: "b.h5") { root throws(HDF5Error) in try write(root) } == first)
    }

    @Test func `an unknown dimension and one of another extent are errors`() throws {
        func error(_ dimensions: [String]) -> HDF5Error? {
            #expect(throws: HDF5Error.self) {
                try HDF5File.image(path: "a.h5") { root throws(HDF5Error) in
                    try root.writeDimension("draw", count: 3)
                    try root.write("x", Tensor([Float(1), 2], shape: [2]), dimensions: dimensions)
                }
            }
        }
        let unknown = error(["chain"])
        #expect(unknown?.kind == .notFound && unknown?.reason == "dimension chain was not written before it")
        let other = error(["draw"])
        #expect(other?.kind == .mismatch && other?.reason == "axis 0 has 2 entries, dimension draw 3")
    }

    @Test func `a name can be written once`() throws {
        let error = #expect(throws: HDF5Error.self) {
            try HDF5File.image(path: "a.h5") { root throws(HDF5Error) in
                try root.write("x", Tensor([Float(1)], shape: [1]))
                try root.write("x", Tensor([Float(1)], shape: [1]))
            }
        }
        #expect(error?.kind == .io)
        #expect(error?.object == "/x")
        #expect(error?.reason.contains("cannot be created") == true, "\(error?.reason ?? "")")
    }

    /// What is asked of a writer, the object that it cannot make, and why.
    struct Refusal: Sendable, CustomTestStringConvertible {
        let object: String
        let words: String
        let write: @Sendable (HDF5Writer) throws(HDF5Error) -> Void
        var testDescription: String { words }
    }

    static let pair = Tensor([Float(1), 2], shape: [2])

    @Test(arguments: [
        Refusal(object: "/@twice", words: "cannot be written") { root throws(HDF5Error) in
            for value in [1, 2] { try root.setAttribute("twice", .integer(value)) }
        },
        Refusal(object: "/x", words: "cannot be compressed") { root throws(HDF5Error) in
            try root.write("x", pair, compression: 10)
        },
        Refusal(object: "/x", words: "cannot become a dimension") { root throws(HDF5Error) in
            try root.writeDimension("x", pair, attributes: [("DIMENSION_LIST", .text("draw"))])
        },
        Refusal(object: "/x", words: "cannot refer to dimension draw") { root throws(HDF5Error) in
            try root.writeDimension("draw", pair, attributes: [("REFERENCE_LIST", .integer(1))])
            try root.write("x", pair, dimensions: ["draw"])
        },
    ])
    func `what the library refuses is an error that names the object`(refusal: Refusal) {
        let error = #expect(throws: HDF5Error.self) { _ = try HDF5File.image(path: "a.h5", refusal.write) }
        #expect(error?.kind == .io && error?.path == "a.h5" && error?.object == refusal.object)
        #expect(error?.reason.contains(refusal.words) == true, "\(error?.reason ?? "")")
    }

    @Test func `a failing body leaves the old file and nothing else`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/out.h5"
            try Data("old".utf8).write(to: URL(fileURLWithPath: path))
            #expect(throws: HDF5Error.self) {
                try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
                    try root.write("x", ["a"])
                    throw HDF5Error(.mismatch, "stop", path: path)
                }
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("old".utf8))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["out.h5"])
        }
    }

    @Test(arguments: [[100], [1 << 20, 3], [2, 1 << 20], [3, 5, 700_000], [0, 4]])
    func `a chunk holds at most a megabyte and at least one element`(extents: [Int]) {
        let chunk = HDF5Writer.chunk(of: Shape(extents), elementSize: 4)
        #expect(chunk.reduce(4, *) <= 1 << 20)
        #expect(zip(chunk, extents).allSatisfy { $0 <= $1 && $0 >= min(1, $1) })
    }

    @Test func `any number of texts is written`() throws {
        let texts = (0..<5_000).map { "layers.\($0).weight" }
        try withTemporaryFolder { folder in
            let path = "\(folder)/texts.h5"
            try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in try root.write("names", texts) }
            #expect(try HDF5File(reading: path).root().dataset("names").readTexts() == texts)
        }
    }

    /// A disk that gives back other bytes than it was given: none of them is a number of ours.
    @Test func `a byte that changes in a stored file is found, or changes nothing`() throws {
        let attributes: [HDF5Attribute?] = [
            .integer(7), .text("é 144.8"), .number(0.25), .texts(["{\"nBeta\": 144.8}"]),
        ]
        let few = Tensor([1.5, -2, 1e-9], shape: [3])
        let many = Tensor((0..<9_000).map { Float($0) }, shape: [9_000])
        let packed = Tensor((0..<500).map { Double($0 % 7) }, shape: [100, 5])
        struct Content: Equatable {
            var values: [Tensor]
            var attributes: [HDF5Attribute?]
        }
        func content(_ path: String) throws(HDF5Error) -> Content {
            let root = try HDF5File(reading: path).root()
            let group = try root.group("group")
            return Content(
                values: [
                    try root.dataset("few").read(), try root.dataset("many").read(), try group.dataset("packed").read(),
                ],
                attributes: [
                    try root.attribute("step"), try root.attribute("key"), try group.attribute("loss"),
                    .texts(try root.dataset("header").readTexts()),
                ])
        }
        try withTemporaryFolder { folder in
            let path = "\(folder)/unit.h5"
            let image = try HDF5File.image(path: path) { root throws(HDF5Error) in
                try root.setAttribute("step", .integer(7))
                try root.setAttribute("key", .text("é 144.8"))
                try root.write("header", ["{\"nBeta\": 144.8}"])
                try root.write("few", few)
                try root.write("many", many)
                let group = try root.createGroup("group")
                try group.setAttribute("loss", .number(0.25))
                try group.write("packed", packed, compression: 4)
            }
            try Data(image).write(to: URL(filePath: path))
            let whole = try content(path)
            #expect(whole == Content(values: [few, many, packed], attributes: attributes))
            var found = 0
            // Of the many values, which are all alike, a part.
            let pair: [UInt8] = [0, 0, 0xC8, 0x42, 0, 0, 0xCA, 0x42]  // 100, 101
            let hundredth = try #require(image.firstRange(of: pair)).lowerBound
            let alike = hundredth - 400..<hundredth - 400 + 36_000
            let handle = try #require(FileHandle(forUpdatingAtPath: path))
            for place in image.indices where !alike.contains(place) || place.isMultiple(of: 61) {
                for bit in [0, 6] as [UInt8] {
                    try handle.seek(toOffset: UInt64(place))
                    try handle.write(contentsOf: [image[place] ^ 1 << bit])
                    do throws(HDF5Error) {
                        let changed = try content(path)
                        #expect(changed == whole, "byte \(place), bit \(bit)")
                    } catch {
                        found += 1
                    }
                }
                try handle.seek(toOffset: UInt64(place))
                try handle.write(contentsOf: [image[place]])
            }
            #expect(found > 1_000)
        }
    }
}
