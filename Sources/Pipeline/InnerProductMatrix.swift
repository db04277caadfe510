import Development
import Tensors

/// The T×T inner products of vectors that are loaded one by one, in blocks, so that memory stays bounded.
///
/// - Parameters:
///   - blockSize: How many vectors are held at once, two blocks at a time; a multiple of `tileSize`. A vector is loaded
///     about T/(2·`blockSize`) times.
///   - tileSize: How many are multiplied at once. Fixed, as the rounding of a product may depend on it.
///   - progress: Is told how many of how many tiles are done.
/// - Throws: What `load` throws; `CancellationError` when cancelled.
func innerProducts(
    count: Int, dimension: Int, probeDigest: String?, blockSize: Int = vectorBlockSize, tileSize: Int = 256,
    progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }, load: (Int) throws -> [Float]
) throws -> InnerProducts {
    var values = [Double](repeating: 0, count: count * count)
    func parts(of range: Range<Int>, size: Int) -> [Range<Int>] {
        stride(from: range.lowerBound, to: range.upperBound, by: size).map { $0..<min($0 + size, range.upperBound) }
    }
    let tileCount = (count + tileSize - 1) / tileSize
    var done = 0
    let blocks = parts(of: 0..<count, size: blockSize)
    for (place, rows) in blocks.enumerated() {
        let left = try rows.map(load)
        for columns in blocks[place...] {
            let right = columns == rows ? left : try columns.map(load)
            for above in parts(of: rows, size: tileSize) {
                let upper = Array(left[above.lowerBound - rows.lowerBound..<above.upperBound - rows.lowerBound])
                for beside in parts(of: columns, size: tileSize) where beside.lowerBound >= above.lowerBound {
                    try Task.checkCancellation()
                    let other = right[
                        beside.lowerBound - columns.lowerBound..<beside.upperBound - columns.lowerBound]
                    let products = above == beside ? gram(rows: upper) : innerProducts(of: upper, with: Array(other))
                    for (i, a) in above.enumerated() {
                        for (j, b) in beside.enumerated() {
                            let product = products[i * beside.count + j]
                            values[a * count + b] = product
                            values[b * count + a] = product
                        }
                    }
                    done += 1
                    progress(done, tileCount * (tileCount + 1) / 2)
                }
            }
        }
    }
    return InnerProducts(values: values, count: count, dimension: dimension, probeDigest: probeDigest)
}

/// How many checkpoints' vectors are held at once while inner products are taken, two blocks at a time.
let vectorBlockSize = 1_024
