import Sampling

/// Linear networks y = W_L⋯W₁·x side by side: `copies` networks of the same widths see the same inputs, each with
/// outputs and parameters of its own, so that losses and learning coefficients add.
struct LinearNetwork: Sendable, CustomStringConvertible {
    /// The numbers of units, inputs first and outputs last.
    let widths: [Int]
    let copies: Int

    init(_ widths: [Int], copies: Int = 1) {
        self.widths = widths
        self.copies = copies
    }

    var description: String { "\(widths)" }
    var inputs: Int { widths[0] }
    var outputs: Int { widths[widths.count - 1] }
    /// d of one copy.
    var dimension: Int { zip(widths, widths.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } }

    /// The product matrix of each copy, axes `[copy, output, input]`.
    func products(_ w: [Double]) -> [Double] {
        var result: [Double] = []
        for copy in 0..<copies {
            var product: [Double] = []
            var offset = copy * dimension
            for (columns, rows) in zip(widths, widths.dropFirst()) {
                let weights = Array(w[offset..<offset + rows * columns])
                product = product.isEmpty ? weights : Self.product(weights, product, rows, columns, inputs)
                offset += rows * columns
            }
            result += product
        }
        return result
    }

    private static func product(_ a: [Double], _ b: [Double], _ rows: Int, _ inner: Int, _ columns: Int) -> [Double] {
        (0..<rows * columns).map { place in
            let (row, column) = place.quotientAndRemainder(dividingBy: columns)
            return (0..<inner).reduce(0) { $0 + a[row * inner + $1] * b[$1 * columns + column] }
        }
    }

    /// Lₙ over a sample whose outputs are those of all copies; the flat vector is W₁, …, W_L of the first copy, then of
    /// the next, each `[unit after, unit before]`.
    func loss(_ sample: RegressionSample) -> SampleLoss {
        let (widths, copies, dimension, inputs) = (self.widths, self.copies, self.dimension, self.inputs)
        let layers = widths.count - 1
        let size = inputs * outputs
        let (target, residual) = (sample.coefficients, sample.residualLoss)
        // In the scratch: W_k⋯W₁ for every k, then the gradient on the way back in two halves.
        let products = widths.dropFirst().map { $0 * inputs }
        let starts = products.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
        let widest = products.max() ?? 0
        return SampleLoss(parameterCount: copies * dimension) { w, gradient in
            var scratch = [Double](repeating: 0, count: starts[layers] + 2 * widest)
            var loss = residual
            for copy in 0..<copies {
                var offset = copy * dimension
                for layer in 0..<layers {
                    let (before, after) = (widths[layer], widths[layer + 1])
                    for row in 0..<after {
                        for column in 0..<inputs {
                            var sum = 0.0
                            if layer == 0 {
                                sum = w[offset + row * before + column]
                            } else {
                                for unit in 0..<before {
                                    sum +=
                                        w[offset + row * before + unit]
                                        * scratch[starts[layer - 1] + unit * inputs + column]
                                }
                            }
                            scratch[starts[layer] + row * inputs + column] = sum
                        }
                    }
                    offset += before * after
                }
                var (here, next) = (starts[layers], starts[layers] + widest)
                for place in 0..<size {
                    let difference = scratch[starts[layers - 1] + place] - target[copy * size + place]
                    loss += difference * difference / 2
                    scratch[here + place] = difference
                }
                for layer in (0..<layers).reversed() {
                    let (before, after) = (widths[layer], widths[layer + 1])
                    offset -= before * after
                    for row in 0..<after {
                        for unit in 0..<before {
                            var sum = 0.0
                            if layer == 0 {
                                sum = scratch[here + row * inputs + unit]
                            } else {
                                for column in 0..<inputs {
                                    sum +=
                                        scratch[here + row * inputs + column]
                                        * scratch[starts[layer - 1] + unit * inputs + column]
                                }
                            }
                            gradient[offset + row * before + unit] += sum
                        }
                    }
                    if layer == 0 { continue }
                    for unit in 0..<before {
                        for column in 0..<inputs {
                            var sum = 0.0
                            for row in 0..<after {
                                sum += w[offset + row * before + unit] * scratch[here + row * inputs + column]
                            }
                            scratch[next + unit * inputs + column] = sum
                        }
                    }
                    swap(&here, &next)
                }
            }
            return loss
        }
    }

    /// The flat vector with, in each copy, ones at the given places (row, column) of W₁, …, W_L and zeros elsewhere.
    func parameters(ones: [[(Int, Int)]]) -> [Double] {
        var copy: [Double] = []
        for (layer, places) in ones.enumerated() {
            let columns = widths[layer]
            var weights = [Double](repeating: 0, count: columns * widths[layer + 1])
            for (row, column) in places { weights[row * columns + column] = 1 }
            copy += weights
        }
        return Array(repeatElement(copy, count: copies).joined())
    }
}
