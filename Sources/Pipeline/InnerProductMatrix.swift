import Development
import Tensors

/// How many checkpoints' vectors are held at once while inner products are taken, two blocks at a time.
private let blockSize = 256

/// The T×T inner products of vectors that are loaded one by one, in blocks, so that memory stays bounded.
func innerProducts(
    count: Int, dimension: Int, probeDigest: String?, load: (Int) throws -> [Float]
) throws -> InnerProducts {
    var values = [Double](repeating: 0, count: count * count)
    let blocks = stride(from: 0, to: count, by: blockSize).map { $0..<min($0 + blockSize, count) }
    for (place, rows) in blocks.enumerated() {
        let left = try rows.map(load)
        for columns in blocks[place...] {
            let indices = columns == rows ? Array(rows) : Array(rows) + Array(columns)
            let products = gram(rows: columns == rows ? left : left + (try columns.map(load)))
            for (i, a) in indices.enumerated() {
                for (j, b) in indices.enumerated() { values[a * count + b] = products[i * indices.count + j] }
            }
        }
    }
    return InnerProducts(values: values, count: count, dimension: dimension, probeDigest: probeDigest)
}
