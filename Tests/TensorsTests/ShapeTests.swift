import Foundation
import Tensors
import Testing

@Suite struct ShapeTests {
    @Test func `a shape is the same after it was stored`() throws {
        for shape in [Shape([]), [3], [0, 5], [2, 3, 4]] {
            #expect(try JSONDecoder().decode(Shape.self, from: JSONEncoder().encode(shape)) == shape)
        }
    }

    @Test(arguments: ["[-1]", "[4294967296, 4294967296]", "[9223372036854775807, 2]", "[1.5]"])
    func `extents that cannot be meant are not decoded`(_ extents: String) {
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(Shape.self, from: Data("{\"dimensions\": \(extents)}".utf8))
        }
    }
}
