import Sampling
import Tensors

/// A sample of n examples (x, y) for models that are linear in the input, ŷ = P(w)·x with P an outputs × inputs matrix
/// that depends on the parameters w as it likes.
///
/// Lₙ(w) = (1/n)·Σ ½|yᵢ − P(w)·xᵢ|², the negative log likelihood of unit noise. The inputs are normal and then
/// whitened (Σ xᵢxᵢᵀ = n·1), so that with P̂ = (1/n)·Σ yᵢxᵢᵀ, Lₙ = ½|P(w) − P̂|² + Lₙ(P̂) exactly: the loss over the data
/// from its second moments.
struct RegressionSample: Sendable {
    /// What the targets hold beside the teacher's output.
    enum Noise: Sendable {
        /// Unit normal noise: P̂ is near the teacher, and the minimum over a model's matrices has to be descended to.
        case independent
        /// Unit normal noise with its regression on the inputs taken out: P̂ is the teacher. Where the teacher is
        /// singular this keeps the sample's minimum singular; the smallest loss is not zero all the same.
        case orthogonal
    }

    let exampleCount: Int
    let inputCount: Int
    let outputCount: Int
    /// Axes `[example, input]`.
    let inputs: [Double]
    /// Axes `[example, output]`.
    let targets: [Double]
    /// P̂, axes `[output, input]`.
    let coefficients: [Double]
    /// Lₙ(P̂).
    let residualLoss: Double

    /// Draws a sample from a teacher, axes `[output, input]`.
    init(teacher: [Double], inputCount: Int, exampleCount: Int, noise: Noise) throws {
        let outputCount = teacher.count / inputCount
        let raw = Self.normals(exampleCount * inputCount, row: 0)
        let moments = Self.meanProducts(raw, raw, inputCount, inputCount, exampleCount)
        let factor = try Cholesky(moments, count: inputCount)
        var inputs: [Double] = []
        inputs.reserveCapacity(raw.count)
        for start in stride(from: 0, to: raw.count, by: inputCount) {
            inputs += factor.solveLower(Array(raw[start..<start + inputCount]))
        }
        var targets = Self.normals(exampleCount * outputCount, row: 1)
        let regression =
            switch noise {
            case .independent: [Double](repeating: 0, count: outputCount * inputCount)
            case .orthogonal: Self.meanProducts(targets, inputs, outputCount, inputCount, exampleCount)
            }
        for example in 0..<exampleCount {
            for output in 0..<outputCount {
                for input in 0..<inputCount {
                    let place = output * inputCount + input
                    targets[example * outputCount + output] +=
                        (teacher[place] - regression[place]) * inputs[example * inputCount + input]
                }
            }
        }
        self.exampleCount = exampleCount
        self.inputCount = inputCount
        self.outputCount = outputCount
        self.inputs = inputs
        self.targets = targets
        coefficients = Self.meanProducts(targets, inputs, outputCount, inputCount, exampleCount)
        residualLoss = Self.meanLoss(coefficients, inputs: inputs, targets: targets, inputCount: inputCount)
    }

    /// Lₙ of a matrix P, axes `[output, input]`, as the plain sum over the examples.
    func meanLoss(_ matrix: [Double]) -> Double {
        Self.meanLoss(matrix, inputs: inputs, targets: targets, inputCount: inputCount)
    }

    private static func meanLoss(
        _ matrix: [Double], inputs: [Double], targets: [Double], inputCount: Int
    ) -> Double {
        let exampleCount = inputs.count / inputCount
        let outputCount = targets.count / exampleCount
        var sum = 0.0
        for example in 0..<exampleCount {
            for output in 0..<outputCount {
                var residual = targets[example * outputCount + output]
                for input in 0..<inputCount {
                    residual -= matrix[output * inputCount + input] * inputs[example * inputCount + input]
                }
                sum += residual * residual / 2
            }
        }
        return sum / Double(exampleCount)
    }

    /// (1/n)·Σ aᵢbᵢᵀ, row-major.
    private static func meanProducts(
        _ a: [Double], _ b: [Double], _ rows: Int, _ columns: Int, _ count: Int
    ) -> [Double] {
        var sums = [Double](repeating: 0, count: rows * columns)
        for example in 0..<count {
            for row in 0..<rows {
                for column in 0..<columns {
                    sums[row * columns + column] += a[example * rows + row] * b[example * columns + column]
                }
            }
        }
        return sums.map { $0 / Double(count) }
    }

    private static func normals(_ count: Int, row: Int) -> [Double] {
        var values = [Double](repeating: 0, count: count)
        RandomStream(seed: 20, trainingStep: 0, chain: 0, purpose: .projection).fillNormals(&values, row: row)
        return values
    }
}
