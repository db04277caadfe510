import Tensors

extension Workload {
    /// The floating-point operations of one gradient step of one chain: those of matrix products, a
    /// multiplication with its addition counting as two.
    ///
    /// Every product with weights counts once forward, once for the weights' gradient, and once for the input's where
    /// the input is not data; attention's scores and values count over the full square of positions, three times.
    /// Element-wise work, softmax, normalization, look-ups, the update and the noise are not counted. The peers'
    /// rates are converted by the same count.
    var operationsPerStep: Double {
        let batch = batchSize
        let operations: Int
        switch name {
        case "W1": operations = 2 * batch * 12 * (2 + 3)
        case "W2": operations = 2 * batch * (2 * 784 * 128 + 3 * (128 * 64 + 64 * 10))
        case "W3":
            let (positions, heads, headWidth, layers, width) = (16, 4, 16, 2, 64)
            let weights = layers * 6 * width * width + width
            let attention = layers * 4 * batch * heads * positions * positions * headWidth
            operations = 2 * batch * positions * (2 * 5 * width + 3 * weights) + 3 * attention
        default:
            // W4 has attention (4 matrices) in each of 2 layers, W5 attention and an MLP (12) in each of 4.
            let (layers, matrices) = name == "W4" ? (2, 4) : (4, 12)
            let (positions, heads, headWidth, width, vocabulary) = (input.shape.dimensions[1], 8, 32, 256, 5000)
            let weights = layers * matrices * width * width + width * vocabulary
            let attention = layers * 4 * batch * heads * positions * positions * headWidth
            operations = 3 * (2 * batch * positions * weights + attention)
        }
        return Double(operations)
    }
}
