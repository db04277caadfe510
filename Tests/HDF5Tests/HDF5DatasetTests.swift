import Foundation
import HDF5
import Tensors
import TestSupport
import Testing

@Suite struct HDF5DatasetTests {
    private func types() throws -> HDF5Group { try HDF5File(reading: Fixture.url("hdf5/types.h5").path()).root() }

    @Test(arguments: [
        ("f2", ElementType.float16), ("f4", .float32), ("f8", .float64),
        ("i2", .int16), ("i4", .int32), ("i8", .int64), ("u2", .uint16), ("u4", .uint32), ("u8", .uint64),
    ])
    func `every number reads exactly in both byte orders`(name: String, type: ElementType) throws {
        for order in ["le", "be"] {
            let tensor = try types().dataset("\(name)_\(order)").read()
            #expect(tensor.elementType == type)
            #expect(tensor.shape == [4])
            let expected: [Double] =
                name.hasPrefix("u") ? [0, 1, 2, 100] : name.hasPrefix("f") ? [-1.5, 0.25, 2, 100] : [-1, 0, 2, 100]
            #expect(tensor.values(as: Double.self) == expected)
        }
    }

    @Test func `bytes and bools are integers`() throws {
        let root = try types()
        #expect(try root.dataset("i1").read().integers == [-128, 0, 2, 127])
        #expect(try root.dataset("u1").read().integers == [0, 1, 2, 255])
        let bool = try root.dataset("bool").read()
        #expect(bool.elementType == .bool)
        #expect(bool.integers == [1, 0, 1])
    }

    @Test(arguments: ["bfloat16_keras", "bfloat16_as_integers", "bfloat16_le", "bfloat16_be"])
    func `bfloat16 reads in each of its forms`(name: String) throws {
        let tensor = try types().dataset(name).read()
        #expect(tensor.elementType == .bfloat16)
        #expect(tensor.elements == .float([1, -2, 3.140625]))
    }

    @Test func `shapes keep their axes`() throws {
        let root = try types()
        #expect(try root.dataset("scalar").read() == Tensor([Float(3.5)], shape: []))
        #expect(try root.dataset("matrix").read() == Tensor([Float(0), 1, 2, 3, 4, 5], shape: [2, 3]))
        #expect(try root.dataset("zero_length").read() == Tensor([Float](), shape: [0, 3]))
    }

    @Test func `a range of rows is read alone`() throws {
        #expect(try types().dataset("matrix").read(rows: 1..<2) == Tensor([Float(3), 4, 5], shape: [1, 3]))
        let chunked = try HDF5File(reading: Fixture.url("hdf5/storage.h5").path()).root().dataset("gzip")
        #expect(try chunked.read(rows: 6..<8).shape == [2, 10])
        #expect(try chunked.read(rows: 0..<0).count == 0)
    }

    @Test(arguments: [
        ("opaque", "dtype"), ("complex", "real and imaginary"), ("long_double", "float64"), ("u8_too_large", "int64"),
    ])
    func `a number in a form that is refused says how to store it`(name: String, remedy: String) throws {
        let error = #expect(throws: HDF5Error.self) { try types().dataset(name).read() }
        #expect(error?.kind == .unsupported)
        #expect(error?.object == "/\(name)")
        #expect(error?.reason.contains(remedy) == true, "\(error?.reason ?? "")")
    }

    @Test(arguments: [
        ("compound", "a compound type"), ("text", "text"), ("empty", "an empty dataset without a shape"),
        ("reference", "references"),
    ])
    func `what is no number is a mismatch`(name: String, what: String) throws {
        let error = #expect(throws: HDF5Error.self) { try types().dataset(name).read() }
        #expect(error?.kind == .mismatch && error?.reason.hasPrefix("expected numbers, found \(what); ") == true)
    }

    @Test func `texts of fixed and variable length read as UTF-8`() throws {
        let root = try types()
        #expect(try root.dataset("text").readTexts() == ["hello"])
        #expect(try root.dataset("texts").readTexts() == ["a", "bé", ""])
        #expect(try root.dataset("fixed_texts").readTexts() == ["ab", "c"])
        let error = #expect(throws: HDF5Error.self) { try root.dataset("matrix").readTexts() }
        #expect(error?.kind == .mismatch && error?.reason == "expected text, found float32")
    }

    @Test func `attributes read as integers, numbers and texts`() throws {
        let matrix = try types().dataset("matrix")
        #expect(try matrix.attribute("integer") == .integer(42))
        #expect(try matrix.attribute("float") == .number(0.5))
        #expect(try matrix.attribute("text") == .text("é"))
        #expect(try matrix.attribute("fixed") == .text("fixed"))
        #expect(try matrix.attribute("texts") == .texts(["a", "b"]))
        #expect(try matrix.attribute("absent") == nil)
        let error = #expect(throws: HDF5Error.self) { try matrix.attribute("list") }
        #expect(error?.kind == .unsupported)
        #expect(error?.object == "/matrix@list")
        #expect(error?.reason.contains("expected one integer, one float or strings") == true)
    }
}
