import Tensors

/// The rate of matrix products alone, the ceiling of every workload: large squares, one per thread at the same time.
enum MatrixProductPeak {
    /// The larger over two sizes of the median over five blocks, in operations per second of all threads together.
    static func measure(threadCount: Int) async throws -> Double {
        var peak = 0.0
        for (size, repeats) in [(1024, 8), (2048, 1)] {
            let workers = (0..<threadCount).map { _ in ProductWorker(size: size) }
            var rates: [Double] = []
            for block in 0...5 {
                let use = try await MachineUse.during {
                    try await concurrently(workers) { await $0.multiply(repeats: repeats) }
                }
                guard block > 0 else { continue }
                rates.append(Double(2 * size * size * size * repeats * threadCount) / use.wall)
            }
            peak = max(peak, rates.median)
        }
        return peak
    }
}

/// A product of two squares of one size.
private actor ProductWorker {
    private let size: Int
    private let left: [Float]
    private let right: [Float]
    private var product: [Float]

    init(size: Int) {
        self.size = size
        left = (0..<size * size).map { Float($0 % 251) / 251 }
        right = (0..<size * size).map { Float($0 % 241) / 241 }
        product = [Float](repeating: 0, count: size * size)
    }

    func multiply(repeats: Int) {
        left.withUnsafeBufferPointer { left in
            right.withUnsafeBufferPointer { right in
                product.withUnsafeMutableBufferPointer { product in
                    guard let left = left.baseAddress, let right = right.baseAddress, let product = product.baseAddress
                    else { return }
                    for _ in 0..<repeats {
                        Float.multiply(
                            MatrixOperand(left, stride: size), MatrixOperand(right, stride: size), rows: size,
                            columns: size, inner: size, into: product, stride: size)
                    }
                }
            }
        }
    }
}
