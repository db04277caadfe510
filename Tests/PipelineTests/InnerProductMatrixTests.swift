import Development
import Testing

@testable import Pipeline

@Suite struct InnerProductMatrixTests {
    @Test(arguments: [1, 255, 256, 257, 600]) func `blocks give the products of all pairs`(count: Int) throws {
        // Small whole numbers: every product is exact in Double, so blocks must agree to the last bit.
        let vectors = (0..<count).map { row in (0..<3).map { Float((row * 31 + $0 * 17) % 11) } }
        var shown: [Int] = []
        let matrix = try innerProducts(
            count: count, dimension: 3, probeDigest: nil, blockSize: 256, tileSize: 64,
            progress: { done, count in shown.append(count - done) }, load: { vectors[$0] })
        #expect(shown == Array((0..<shown.count).reversed()))
        for i in 0..<count {
            for j in 0..<count {
                let expected = zip(vectors[i], vectors[j]).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
                guard matrix.values[i * count + j] == expected else {
                    Issue.record("entry \(i), \(j)")
                    return
                }
            }
        }
    }
}
