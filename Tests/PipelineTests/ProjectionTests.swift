import Testing

@testable import Pipeline

@Suite struct ProjectionTests {
    @Test func `short vectors are kept whole`() {
        let vector: [Float] = [1, 2, 3]
        #expect(Projection(dimension: 3, key: "k").apply(to: vector) == vector)
    }

    @Test func `projected distances are right within the stated error`() {
        let dimension = 200_000
        let projection = Projection(dimension: dimension, key: "k")
        // Two vectors with a known squared distance; the stated relative standard error of one estimate is √(2/k).
        let a = (0..<dimension).map { Float(($0 * 7919) % 1009) / 1009 }
        let b = (0..<dimension).map { Float(($0 * 104_729) % 997) / 997 }
        let exact = zip(a, b).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
        let sketched = zip(projection.apply(to: a), projection.apply(to: b))
            .reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
        #expect(abs(sketched / exact - 1) < 4 * Projection.relativeError(dimension: dimension))
    }

    @Test func `equal keys project alike and others do not`() {
        let vector = [Float](repeating: 1, count: 40_000)
        let first = Projection(dimension: 40_000, key: "one").apply(to: vector)
        #expect(first.count == Projection.bucketCount)
        #expect(first == Projection(dimension: 40_000, key: "one").apply(to: vector))
        #expect(first != Projection(dimension: 40_000, key: "other").apply(to: vector))
    }

    @Test(arguments: [30_000, 50_000]) func `pieces give the image of the whole`(dimension: Int) {
        let vector = (0..<dimension).map { Float(($0 * 7919) % 1009) / 1009 }
        let projection = Projection(dimension: dimension, key: "k")
        var image = Projection.Image(projection)
        image.append(Array(vector[..<17]))
        image.append(vector[17..<25_000].map { Double($0) })
        image.append(Array(vector[25_000...]))
        #expect(image.values == projection.apply(to: vector))
    }
}
