import Foundation
import Sampling
import Tensors
import TestSupport
import Testing

struct CovarianceSketchTests {
    /// Draws about a mean far from the origin; their scatter has the given rank. Axes `[draw, coordinate]`.
    static func draws<Scalar: Real>(
        _ count: Int, dimension: Int, rank: Int, decay: Double = 0.8, seed: UInt64 = 1
    ) -> [[Scalar]] {
        var normals = RepeatableNormals(seed: seed)
        let directions = (0..<rank).map { _ in (0..<dimension).map { _ in normals.next() } }
        return (0..<count).map { _ in
            var row = (0..<dimension).map { 3 + Double($0) }
            for (index, direction) in directions.enumerated() {
                let length = normals.next() * pow(decay, Double(index))
                for coordinate in row.indices { row[coordinate] += length * direction[coordinate] }
            }
            return row.map { Scalar($0) }
        }
    }

    /// The sample covariance in two passes, row-major.
    static func covariance<Scalar: Real>(_ draws: [[Scalar]]) -> [Double] {
        let (count, dimension) = (draws.count, draws[0].count)
        let means = (0..<dimension).map { column in draws.reduce(0) { $0 + Double($1[column]) } / Double(count) }
        var result = [Double](repeating: 0, count: dimension * dimension)
        for draw in draws {
            let centered = zip(draw, means).map { Double($0) - $1 }
            for row in 0..<dimension {
                for column in 0..<dimension {
                    result[row * dimension + column] += centered[row] * centered[column] / Double(count - 1)
                }
            }
        }
        return result
    }

    static func sketch<Scalar: Real>(_ draws: some Collection<[Scalar]>, rowCount: Int) throws -> CovarianceSketch<
        Scalar
    > {
        var sketch = CovarianceSketch<Scalar>(dimension: draws.first?.count ?? 1, rowCount: rowCount)
        for draw in draws { try sketch.add(draw) }
        return sketch
    }

    /// |Cv − λv|/λ.
    static func residual<Scalar: Real>(_ covariance: [Double], _ vector: [Scalar], _ value: Double) -> Double {
        let squares = vector.indices.reduce(0.0) { sum, row in
            let image = vector.indices.reduce(0.0) {
                $0 + covariance[row * vector.count + $1] * Double(vector[$1])
            }
            let rest = image - value * Double(vector[row])
            return sum + rest * rest
        }
        return squares.squareRoot() / value
    }

    struct Size: Sendable {
        var dimension: Int, rank: Int, rowCount: Int
        /// The number of eigenvalues to look at.
        var count: Int
    }

    /// Rank at most half the rows; as many coordinates as rows; fewer; one.
    static let exactSizes = [
        Size(dimension: 40, rank: 5, rowCount: 10, count: 5), Size(dimension: 12, rank: 12, rowCount: 12, count: 12),
        Size(dimension: 3, rank: 3, rowCount: 20, count: 3), Size(dimension: 1, rank: 1, rowCount: 2, count: 1),
    ]

    func checkExact<Scalar: Real>(_ size: Size, of type: Scalar.Type, tolerance: Double) throws {
        let draws: [[Scalar]] = Self.draws(300, dimension: size.dimension, rank: size.rank)
        let covariance = Self.covariance(draws)
        let dense = try SymmetricEigen(covariance, count: size.dimension)
        let spectrum = try #require(try Self.sketch(draws, rowCount: size.rowCount).spectrum(count: size.count))
        #expect(spectrum.values.count == size.count)
        #expect(spectrum.errorBound <= tolerance * spectrum.values[0])
        var worst = 0.0
        for (index, value) in spectrum.values.enumerated() {
            let expected = dense.values[size.dimension - 1 - index]
            #expect(abs(value - expected) <= tolerance * dense.values[size.dimension - 1])
            worst = max(worst, Self.residual(covariance, spectrum.vectors[index], value))
            let norm = spectrum.vectors[index].reduce(0) { $0 + Double($1) * Double($1) }
            #expect(Tolerance.absolute(tolerance * spectrum.values[0] / value).accepts(norm, 1))
        }
        let condition = spectrum.values[0] / spectrum.values[size.count - 1]
        #expect(worst <= tolerance * condition)
        let trace = (0..<size.dimension).reduce(0) { $0 + covariance[$1 * (size.dimension + 1)] }
        #expect(Tolerance.relative(tolerance).accepts(spectrum.totalVariance, trace))
    }

    // Each of up to 150 rotations of the buffer rounds every row once or a few times: 300 draws, 300 roundings. What
    // is relative to the largest eigenvalue grows by the condition where it is taken relative to the smallest.
    @Test(arguments: exactSizes)
    func `a scatter that fits the sketch is exact in double`(size: Size) throws {
        try checkExact(size, of: Double.self, tolerance: 300 * Double.ulpOfOne)
    }

    @Test(arguments: exactSizes)
    func `a scatter that fits the sketch is exact in float`(size: Size) throws {
        try checkExact(size, of: Float.self, tolerance: 300 * Double(Float.ulpOfOne))
    }

    @Test func `more coordinates than a block of columns make no difference`() throws {
        // Every coordinate of the small draws stands 1,000 times, so that each eigenvalue is 1,000 times as large.
        let small: [[Double]] = Self.draws(60, dimension: 9, rank: 4)
        let large = small.map { draw in (0..<9000).map { draw[$0 % 9] } }
        let expected = try #require(try Self.sketch(small, rowCount: 8).spectrum(count: 4))
        let found = try #require(try Self.sketch(large, rowCount: 8).spectrum(count: 4))
        for index in 0..<4 {
            // Sums of 9,000 terms.
            #expect(Tolerance.relative(1e-11).accepts(found.values[index], 1000 * expected.values[index]))
            let sign = (found.vectors[index][0] * expected.vectors[index][0]).sign == .plus ? 1.0 : -1.0
            for coordinate in [0, 4095, 4096, 8999] {
                let vector = sign * expected.vectors[index][coordinate % 9] / 1000.0.squareRoot()
                #expect(Tolerance.absolute(1e-11).accepts(found.vectors[index][coordinate], vector))
            }
        }
    }

    func checkBounds(_ sketch: CovarianceSketch<Double>, _ draws: [[Double]]) throws {
        let (dimension, kept) = (sketch.dimension, sketch.keptCount)
        let covariance = Self.covariance(draws)
        let dense = Array(try SymmetricEigen(covariance, count: dimension).values.reversed())
        let spectrum = try #require(try sketch.spectrum(count: kept))
        let rounding = 1e-12 * dense[0]
        #expect(spectrum.errorBound > 0)
        for (value, exact) in zip(spectrum.values, dense) {
            #expect(value <= exact + rounding && exact <= value + spectrum.errorBound + rounding)
        }
        for count in 0...kept {
            #expect(spectrum.errorBound <= dense[count...].reduce(0, +) / Double(kept + 1 - count) + rounding)
        }
        // Along any direction, too.
        var normals = RepeatableNormals(seed: 8)
        for _ in 0..<20 {
            let raw = (0..<dimension).map { _ in normals.next() }
            let norm = raw.reduce(0) { $0 + $1 * $1 }.squareRoot()
            let direction = raw.map { $0 / norm }
            let exact = (0..<dimension * dimension).reduce(0.0) {
                $0 + direction[$1 / dimension] * covariance[$1] * direction[$1 % dimension]
            }
            let sketched = sketch.rows.reduce(0.0) { sum, row in
                let product = zip(row, direction).reduce(0) { $0 + $1.0 * $1.1 }
                return sum + product * product / Double(draws.count - 1)
            }
            #expect(sketched <= exact + rounding && exact <= sketched + spectrum.errorBound + rounding)
        }
    }

    @Test(arguments: [4, 8, 16])
    func `a scatter that does not fit is within the bound`(rowCount: Int) throws {
        let draws: [[Double]] = Self.draws(500, dimension: 30, rank: 30)
        try checkBounds(Self.sketch(draws, rowCount: rowCount), draws)
    }

    @Test func `a posterior has the spectrum of its quadratic loss`() throws {
        // Precisions nβ·h + γ for h = 1, 2, 5, 10 at nβ = 100 and γ = 1; 20 chains of independent draws.
        let precisions = [1001.0, 101, 501, 201]
        var normals = RepeatableNormals(seed: 7)
        let count = 20 * 20_000
        let chains = try (0..<20).map { _ in
            let draws = (0..<count / 20).map { _ in precisions.map { normals.next() / $0.squareRoot() } }
            return try Self.sketch(draws, rowCount: 8)
        }
        let whole = try chains.dropFirst().reduce(chains[0]) { try $0.merging($1) }
        let spectrum = try #require(try whole.spectrum(count: 4))
        for (value, precision) in zip(spectrum.values, precisions.sorted()) {
            // The sampling distribution's error of a variance, √(2/draws) of it.
            let error = (2 / Double(count)).squareRoot() / precision
            #expect(Tolerance.statistical(standardErrors: 3, error: error).accepts(value, 1 / precision))
        }
    }

    @Test(arguments: [0, 1, 100, 300])
    func `merged parts are the whole where the scatter fits`(first: Int) throws {
        let draws: [[Double]] = Self.draws(300, dimension: 40, rank: 5)
        let whole = try Self.sketch(draws, rowCount: 12)
        var empty = CovarianceSketch<Double>(dimension: 40, rowCount: 12)
        for draw in draws[..<first] { try empty.add(draw) }
        var rest = CovarianceSketch<Double>(dimension: 40, rowCount: 12)
        for draw in draws[first...] { try rest.add(draw) }
        let merged = try empty.merging(rest)
        #expect(merged.drawCount == 300)
        // 300 roundings of means and rows, as above.
        let tolerance = Tolerance.relative(300 * Double.ulpOfOne)
        for (a, b) in zip(merged.mean, whole.mean) { #expect(tolerance.accepts(a, b)) }
        #expect(tolerance.accepts(merged.totalScatter, whole.totalScatter))
        let found = try #require(try merged.spectrum(count: 5))
        let expected = try #require(try whole.spectrum(count: 5))
        for (a, b) in zip(found.values, expected.values) {
            #expect(Tolerance.absolute(300 * Double.ulpOfOne * expected.values[0]).accepts(a, b))
        }
    }

    @Test func `merged chains are within the bound where it does not fit`() throws {
        let draws: [[Double]] = Self.draws(400, dimension: 30, rank: 30)
        let chains = try (0..<4).map { try Self.sketch(draws[$0 * 100..<($0 + 1) * 100], rowCount: 10) }
        try checkBounds(chains.dropFirst().reduce(chains[0]) { try $0.merging($1) }, draws)
    }

    @Test func `a stored sketch goes on as if it had not stopped`() throws {
        let draws: [[Float]] = Self.draws(50, dimension: 20, rank: 20)
        let half = try Self.sketch(draws[..<25], rowCount: 6)
        var resumed = try CovarianceSketch(
            dimension: 20, rowCount: 6, drawCount: half.drawCount, mean: half.mean, rows: half.rows,
            totalScatter: half.totalScatter, shrinkage: half.shrinkage)
        for draw in draws[25...] { try resumed.add(draw) }
        #expect(try resumed == Self.sketch(draws, rowCount: 6))
    }

    @Test func `stored parts that do not fit are refused`() {
        func error(mean: [Double], rows: [[Double]], shrinkage: Double) -> SamplingError.Kind? {
            let error = #expect(throws: SamplingError.self) {
                try CovarianceSketch(
                    dimension: 9, rowCount: 2, drawCount: 2, mean: mean, rows: rows, totalScatter: 1,
                    shrinkage: shrinkage)
            }
            #expect(error?.description.hasPrefix("covariance sketch: ") == true)
            #expect(error?.reason.hasSuffix("measure again") == true)
            return error?.kind
        }
        let nine = [Double](repeating: 1, count: 9)
        #expect(error(mean: [1], rows: [nine], shrinkage: 0) == .mismatch)
        #expect(error(mean: nine, rows: [[1]], shrinkage: 0) == .mismatch)
        #expect(error(mean: nine, rows: [nine, nine, nine], shrinkage: 0) == .mismatch)
        #expect(error(mean: nine, rows: [nine], shrinkage: -1) == .malformed)
    }

    @Test func `draws that are equal or too few have no spectrum to speak of`() throws {
        #expect(try Self.sketch([[1.0, 2, 3]], rowCount: 2).spectrum(count: 1) == nil)
        let equal = try #require(
            try Self.sketch([[Double]](repeating: [1.0, 2, 3], count: 9), rowCount: 2).spectrum(count: 1))
        #expect(equal.values.isEmpty && equal.totalVariance == 0 && equal.errorBound == 0)
        let few = try #require(try Self.sketch([[1.0, 2, 3], [2, 3, 5]], rowCount: 8).spectrum(count: 4))
        #expect(few.values.count == 1 && few.vectors.count == 1)
    }

    @Test func `a displacement that is not finite is an error`() {
        #expect(throws: LinearAlgebraError.notFinite) {
            try Self.sketch([[1.0, 2, 3], [.infinity, 2, 3], [4, 5, 6]], rowCount: 2).spectrum(count: 1)
        }
    }

    @Test func `a displacement is packed over the sampled coordinates`() {
        let posterior = LocalPosterior<Float>(
            center: [1, 2, 3, 4, 5], nBeta: 1, localization: 0, subset: ParameterSubset(ranges: [0..<1, 2..<4]))
        #expect(posterior.displacement(of: [2, 9, 5, 7, 9]) == [1, 2, 3])
    }
}
