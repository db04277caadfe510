/// Inner products less the mean over all vectors, H·G·H, without a second matrix of that size.
struct CenteredProducts {
    private let products: InnerProducts
    private let rowMeans: [Double]
    private let mean: Double

    /// Centres the products of all vectors together.
    init(_ products: InnerProducts) {
        self.products = products
        let count = products.count
        rowMeans = (0..<count).map { row in
            products.values[row * count..<(row + 1) * count].reduce(0, +) / Double(count)
        }
        mean = rowMeans.reduce(0, +) / Double(count)
    }

    /// The number of vectors.
    var count: Int { products.count }

    /// Whether all products are numbers.
    var isFinite: Bool { products.values.allSatisfy(\.isFinite) && mean.isFinite }

    subscript(row: Int, column: Int) -> Double {
        products.values[row * count + column] + (mean - rowMeans[row] - rowMeans[column])
    }

    /// Some rows, one after the other.
    func rows(_ range: Range<Int>) -> [Double] {
        var rows = Array(products.values[range.lowerBound * count..<range.upperBound * count])
        for (place, row) in range.enumerated() {
            for column in 0..<count { rows[place * count + column] += mean - rowMeans[row] - rowMeans[column] }
        }
        return rows
    }

    /// The rows of a block times the centred matrix, which is formed some hundred rows at a time.
    func times(_ block: Block) -> Block {
        var result = Block(rowCount: block.rowCount, length: count)
        for start in stride(from: 0, to: count, by: Self.rowsAtOnce) {
            let range = start..<min(start + Self.rowsAtOnce, count)
            result.add(block, columns: range, times: rows(range))
        }
        return result
    }

    private static let rowsAtOnce = 256
}
