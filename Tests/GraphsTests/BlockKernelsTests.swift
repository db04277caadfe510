import CKernels
import Foundation
import TestSupport
import Tensors
import Testing

@testable import Graphs

/// The kernels of functions.c, normalizations.c, attention.c and recurrent.c against plain loops that follow their
/// definitions.
@Suite struct BlockKernelsTests {
    /// A function of one number as Foundation has it.
    struct Reference: CustomTestStringConvertible, Sendable {
        let name: String
        let raw: instar_function
        let value: @Sendable (Double) -> Double

        init(
            _ name: String, _ code: Int32, _ p: Double = 0, _ q: Double = 0,
            _ value: @escaping @Sendable (Double) -> Double
        ) {
            (self.name, self.value) = (name, value)
            raw = instar_function(code: code, p: p, q: q)
        }

        var testDescription: String { name }
    }

    static let functions = [
        Reference("sigmoid", INSTAR_FUNCTION_SIGMOID) { 1 / (1 + exp(-$0)) },
        Reference("tanh", INSTAR_FUNCTION_TANH) { tanh($0) },
        Reference("relu", INSTAR_FUNCTION_RELU) { max($0, 0) },
        Reference("leaky relu", INSTAR_FUNCTION_LEAKY_RELU, 0.25) { $0 < 0 ? 0.25 * $0 : $0 },
        Reference("thresholded relu", INSTAR_FUNCTION_THRESHOLDED_RELU, 0.7) { $0 > 0.7 ? $0 : 0 },
        Reference("elu", INSTAR_FUNCTION_ELU, 0.5) { $0 < 0 ? 0.5 * expm1($0) : $0 },
        Reference("selu", INSTAR_FUNCTION_SELU, 0.5, 2) { $0 < 0 ? expm1($0) : 2 * $0 },
        Reference("celu", INSTAR_FUNCTION_CELU, 2) { $0 < 0 ? 2 * expm1($0 / 2) : $0 },
        Reference("softplus", INSTAR_FUNCTION_SOFTPLUS) { log1p(exp(-abs($0))) + max($0, 0) },
        Reference("softsign", INSTAR_FUNCTION_SOFTSIGN) { $0 / (1 + abs($0)) },
        Reference("hard sigmoid", INSTAR_FUNCTION_HARD_SIGMOID, 0.25, 0.5) { min(max(0.25 * $0 + 0.5, 0), 1) },
        Reference("hard swish", INSTAR_FUNCTION_HARD_SWISH) { $0 * min(max($0 / 6 + 0.5, 0), 1) },
        Reference("swish", INSTAR_FUNCTION_SWISH, 1.5) { $0 / (1 + exp(-1.5 * $0)) },
        Reference("mish", INSTAR_FUNCTION_MISH) { $0 * tanh(log1p(exp($0))) },
        Reference("affine", INSTAR_FUNCTION_AFFINE, 3, 0.5) { 3 * $0 + 0.5 },
        Reference("scaled tanh", INSTAR_FUNCTION_SCALED_TANH, 2, 0.5) { 2 * tanh(0.5 * $0) },
    ]

    @Test(arguments: functions) func `a function has its definition's values and slopes`(function: Reference) {
        // More than one block of the kernel; no point lies on a kink.
        let x = (0..<300).map { Double($0) / 20 - 7.512 }
        let values = filled(x.count, with: .nan) { instar_apply(INSTAR_DOUBLE, function.raw, x, $0, x.count) }
        // A handful of operations, whose rounding errors the difference of near numbers may enlarge around zero.
        #expect(zip(values, x).allSatisfy { abs($0 - function.value($1)) < 16 * .ulpOfOne * max(1, abs($1)) })
        let floats = x.map { Float($0) }
        var single = [Float](repeating: .nan, count: x.count)
        instar_apply(INSTAR_FLOAT, function.raw, floats, &single, x.count)
        #expect(
            zip(single, floats).allSatisfy {
                abs($0 - Float(function.value(Double($1)))) < 16 * .ulpOfOne * max(1, abs($1))
            })
        let ones = [Double](repeating: 1, count: x.count)
        let slopes = filled(x.count, with: 2) {
            instar_apply_backward(INSTAR_DOUBLE, function.raw, x, ones, $0, x.count)
        }
        for (slope, x) in zip(slopes, x) {
            let step = 6e-6
            let difference = (function.value(x + step) - function.value(x - step)) / (2 * step)
            // The error of a central difference with this step: see GradientChecker.
            #expect(abs(slope - 2 - difference) < 1e-8)
        }
    }

    @Test func `normalisations follow their definitions`() {
        let (batch, groups, channels, inner, epsilon) = (2, 2, 3, 5, 0.01)
        let x = TestGraphs.numbers(batch * groups * channels * inner, seed: 1)
        let (scale, bias) = (
            TestGraphs.numbers(groups * channels, seed: 2), TestGraphs.numbers(groups * channels, seed: 3)
        )
        var shape = instar_groups(batch: batch, groups: groups, channels: channels, inner: inner, shared: 1)
        var statistics = [Double](repeating: 0, count: 2 * batch * groups)
        let normalised = filled(x.count, with: .nan) {
            instar_group_norm(INSTAR_DOUBLE, &shape, epsilon, x, scale, bias, $0, &statistics)
        }
        let extent = channels * inner
        let expected = x.indices.map { index in
            let group = x[index / extent * extent..<(index / extent + 1) * extent]
            let mean = group.reduce(0, +) / Double(extent)
            let variance = group.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(extent)
            let channel = index / inner % (groups * channels)
            return (x[index] - mean) / (variance + epsilon).squareRoot() * scale[channel] + bias[channel]
        }
        #expect(relativeError(normalised, expected) < 16 * .ulpOfOne)
        var inverses = [Double](repeating: 0, count: x.count / 6)
        let scaled = filled(x.count, with: .nan) {
            instar_rms_norm(INSTAR_DOUBLE, x.count / 6, 6, epsilon, x, scale, $0, &inverses)
        }
        let expectedScaled = x.indices.map { index in
            let squares = x[index / 6 * 6..<(index / 6 + 1) * 6].reduce(0) { $0 + $1 * $1 }
            return x[index] / (squares / 6 + epsilon).squareRoot() * scale[index % 6]
        }
        #expect(relativeError(scaled, expectedScaled) < 16 * .ulpOfOne)
    }

    /// Causal or not, the columns that are seen, the width of a given mask and whether its rows are shared.
    static let masks: [(causal: Bool, shift: Int, seen: Int, width: Int?, isShared: Bool)] = [
        (false, 0, 5, nil, false), (true, 0, 5, nil, false), (true, 2, 5, nil, false), (false, 0, 3, nil, false),
        (true, 1, 5, 5, false), (false, 0, 4, 2, true), (true, -2, 5, nil, false), (false, 0, 0, nil, false),
    ]

    @Test(arguments: masks) func `masked scores are -infinity, and the softmax is over the others`(
        mask: (causal: Bool, shift: Int, seen: Int, width: Int?, isShared: Bool)
    ) {
        let (rows, columns) = (4, 5)
        let scores = TestGraphs.numbers(rows * columns, seed: 4)
        let bias = TestGraphs.numbers(rows * columns, seed: 5)
        let allowed = bias.map { Int64($0 > -0.5 ? 1 : 0) }
        let (width, stride) = (mask.width ?? 0, mask.isShared ? 0 : mask.width ?? 0)
        for usesBias in [false, true] {
            let masked = filled(scores) { target in
                bias.withUnsafeBufferPointer { bias in
                    allowed.withUnsafeBufferPointer { allowed in
                        var raw = instar_attention_mask(
                            rows: rows, columns: columns, seen: mask.seen, causal: mask.causal ? 1 : 0,
                            shift: mask.shift,
                            bias: mask.width != nil && usesBias ? bias.baseAddress.map { .init($0) } : nil,
                            allowed: mask.width != nil && !usesBias ? allowed.baseAddress : nil, stride: stride,
                            width: width)
                        instar_attention_mask_scores(INSTAR_DOUBLE, &raw, target)
                    }
                }
            }
            let expected = scores.indices.map { index in
                let (row, column) = (index / columns, index % columns)
                guard column < mask.seen, !mask.causal || column <= row + mask.shift else { return -Double.infinity }
                guard mask.width != nil else { return scores[index] }
                guard column < width else { return -Double.infinity }
                let place = row * stride + column
                return usesBias ? scores[index] + bias[place] : allowed[place] == 1 ? scores[index] : -Double.infinity
            }
            #expect(masked == expected)
            let probabilities = filled(masked) { instar_attention_softmax(INSTAR_DOUBLE, rows, columns, $0) }
            let exponentials = expected.map { exp($0) }
            let sums = (0..<rows).map { exponentials[$0 * columns..<($0 + 1) * columns].reduce(0, +) }
            let softmax = exponentials.indices.map {
                sums[$0 / columns] == 0 ? 0 : exponentials[$0] / sums[$0 / columns]
            }
            #expect(relativeError(probabilities, softmax) < 16 * .ulpOfOne)
        }
    }

    @Test func `a step of the LSTM follows its equations, and an example at its end keeps its state`() {
        let (batch, hidden) = (3, 2)
        let z = TestGraphs.numbers(batch * 4 * hidden, seed: 6)
        let (bias, peephole) = (TestGraphs.numbers(8 * hidden, seed: 7), TestGraphs.numbers(3 * hidden, seed: 8))
        let (before, state) = (
            TestGraphs.numbers(batch * hidden, seed: 9), TestGraphs.numbers(batch * hidden, seed: 10)
        )
        let lengths: [Int64] = [5, 2, 3]
        let time = 2
        var (products, gates) = (z, [Double](repeating: .nan, count: z.count))
        let blank = [Double](repeating: .nan, count: batch * hidden)
        var (cells, states, outputs) = (blank, blank, blank)
        lengths.withUnsafeBufferPointer { lengths in
            var step = instar_lstm_step(
                batch: batch, hidden: hidden, gate_stride: 4 * hidden, output_stride: hidden,
                gate: instar_function(code: INSTAR_FUNCTION_SIGMOID, p: 0, q: 0),
                cell: instar_function(code: INSTAR_FUNCTION_TANH, p: 0, q: 0),
                state: instar_function(code: INSTAR_FUNCTION_TANH, p: 0, q: 0), clip: 0.75, couples: 0,
                lengths: lengths.baseAddress, time: time)
            instar_lstm_forward(
                INSTAR_DOUBLE, &step, bias, peephole, before, state, &products, &gates, &cells, &states, &outputs)
        }
        func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
        func clipped(_ x: Double) -> Double { min(max(x, -0.75), 0.75) }
        for index in before.indices {
            let (example, unit) = (index / hidden, index % hidden)
            guard lengths[example] > time else {
                #expect(cells[index] == before[index] && states[index] == state[index] && outputs[index] == 0)
                continue
            }
            let inputs = (0..<4).map { gate in
                z[example * 4 * hidden + gate * hidden + unit] + bias[gate * hidden + unit]
                    + bias[(4 + gate) * hidden + unit]
            }
            let input = sigmoid(clipped(inputs[0] + peephole[unit] * before[index]))
            let forget = sigmoid(clipped(inputs[2] + peephole[2 * hidden + unit] * before[index]))
            let cell = forget * before[index] + input * tanh(clipped(inputs[3]))
            let output = sigmoid(clipped(inputs[1] + peephole[hidden + unit] * cell))
            #expect(abs(cells[index] - cell) < 8 * .ulpOfOne)
            #expect(abs(states[index] - output * tanh(cell)) < 8 * .ulpOfOne && outputs[index] == states[index])
        }
    }

    private func filled(_ count: Int, with value: Double, _ body: (UnsafeMutablePointer<Double>) -> Void) -> [Double] {
        filled([Double](repeating: value, count: count), body)
    }

    private func filled(_ start: [Double], _ body: (UnsafeMutablePointer<Double>) -> Void) -> [Double] {
        var result = start
        result.withUnsafeMutableBufferPointer { if let start = $0.baseAddress { body(start) } }
        return result
    }
}
