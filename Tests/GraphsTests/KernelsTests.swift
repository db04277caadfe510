import CKernels
import Foundation
import TestSupport
import Tensors
import Testing

@testable import Graphs

/// The kernels of operations.c against plain loops that follow their definitions.
@Suite struct KernelsTests {
    /// A sliding window over layers, rows and columns with what the definition says about it: the input position under a
    /// tap, or nil in the padding.
    struct Window: CustomTestStringConvertible, Sendable {
        let input: [Int], kernel: [Int], stride: [Int], dilation: [Int], begin: [Int], end: [Int]

        var raw: instar_window {
            instar_window(
                input: triple(input), output: triple(output), kernel: triple(kernel), stride: triple(stride),
                dilation: triple(dilation), pad_begin: triple(begin), pad_end: triple(end))
        }
        var output: [Int] {
            (0..<3).map { (input[$0] + begin[$0] + end[$0] - (kernel[$0] - 1) * dilation[$0] - 1) / stride[$0] + 1 }
        }
        var inputCount: Int { input.reduce(1, *) }
        var outputCount: Int { output.reduce(1, *) }
        var tapCount: Int { kernel.reduce(1, *) }

        func position(tap: Int, output place: Int) -> Int? {
            let (taps, places) = (coordinates(tap, in: kernel), coordinates(place, in: output))
            var position = 0
            for axis in 0..<3 {
                let coordinate = places[axis] * stride[axis] + taps[axis] * dilation[axis] - begin[axis]
                guard (0..<input[axis]).contains(coordinate) else { return nil }
                position = position * input[axis] + coordinate
            }
            return position
        }

        func coordinates(_ place: Int, in extents: [Int]) -> [Int] {
            [place / extents[2] / extents[1], place / extents[2] % extents[1], place % extents[2]]
        }

        private func triple(_ numbers: [Int]) -> (Int, Int, Int) { (numbers[0], numbers[1], numbers[2]) }

        var testDescription: String { "\(input) under \(kernel) by \(stride), dilated \(dilation), padded \(begin)" }
    }

    static let windows = [
        Window(
            input: [1, 4, 5], kernel: [1, 2, 3], stride: [1, 1, 1], dilation: [1, 1, 1], begin: [0, 0, 0],
            end: [0, 0, 0]),
        Window(
            input: [1, 5, 7], kernel: [1, 3, 3], stride: [1, 2, 2], dilation: [1, 1, 1], begin: [0, 1, 1],
            end: [0, 1, 1]),
        Window(
            input: [1, 6, 6], kernel: [1, 2, 2], stride: [1, 1, 3], dilation: [1, 2, 3], begin: [0, 1, 0],
            end: [0, 0, 2]),
        Window(
            input: [1, 1, 9], kernel: [1, 1, 4], stride: [1, 1, 2], dilation: [1, 1, 2], begin: [0, 0, 3],
            end: [0, 0, 1]),
        Window(
            input: [4, 3, 5], kernel: [2, 3, 2], stride: [2, 1, 1], dilation: [1, 1, 2], begin: [1, 1, 0],
            end: [1, 0, 1]),
        // Every window begins in the padding; some lie in it altogether.
        Window(
            input: [1, 2, 2], kernel: [1, 1, 2], stride: [1, 1, 1], dilation: [1, 1, 4], begin: [0, 2, 3],
            end: [0, 2, 3]),
    ]
    private let planes = 3

    @Test(arguments: windows) func `unfold lays out what lies under each tap, and fold is its transpose`(
        window: Window
    ) {
        var raw = window.raw
        let x = TestGraphs.numbers(planes * window.inputCount, seed: 1)
        let columnCount = planes * window.tapCount * window.outputCount
        let columns = filled(columnCount) { instar_unfold(INSTAR_DOUBLE, &raw, planes, x, $0) }
        let dColumns = TestGraphs.numbers(columnCount, seed: 2)
        let dx = filled(x.count, with: 0) { instar_fold(INSTAR_DOUBLE, &raw, planes, dColumns, $0) }
        var (expected, expectedGradient) = ([Double](), [Double](repeating: 0, count: x.count))
        for plane in 0..<planes {
            for tap in 0..<window.tapCount {
                for place in 0..<window.outputCount {
                    let position = window.position(tap: tap, output: place).map { plane * window.inputCount + $0 }
                    if let position { expectedGradient[position] += dColumns[expected.count] }
                    expected.append(position.map { x[$0] } ?? 0)
                }
            }
        }
        #expect(columns == expected)
        #expect(dx == expectedGradient)
    }

    @Test(arguments: windows) func `pooling takes the maximum or the mean under the window`(window: Window) {
        var raw = window.raw
        let x = TestGraphs.numbers(planes * window.inputCount, seed: 3)
        let count = planes * window.outputCount
        let dy = TestGraphs.numbers(count, seed: 4)
        var (places, columnMajorPlaces) = ([Int64](repeating: -2, count: count), [Int64](repeating: -2, count: count))
        let maximum = filled(count) { instar_max_pool(INSTAR_DOUBLE, &raw, 0, planes, x, $0, &places) }
        #expect(filled(count) { instar_max_pool(INSTAR_DOUBLE, &raw, 1, planes, x, $0, &columnMajorPlaces) } == maximum)
        let mean = filled(count) { instar_average_pool(INSTAR_DOUBLE, &raw, 0, planes, x, $0) }
        let maximumGradient = filled(x.count, with: 0) {
            instar_max_pool_backward(INSTAR_DOUBLE, &raw, planes, x, dy, $0)
        }
        let meanGradient = filled(x.count, with: 0) {
            instar_average_pool_backward(INSTAR_DOUBLE, &raw, 0, planes, dy, $0)
        }
        var expected = (maximum: [Double](repeating: 0, count: x.count), mean: [Double](repeating: 0, count: x.count))
        for target in 0..<count {
            let (plane, place) = (target / window.outputCount, target % window.outputCount)
            let positions = (0..<window.tapCount).compactMap { window.position(tap: $0, output: place) }
                .map { plane * window.inputCount + $0 }
            guard let winner = positions.max(by: { x[$0] < x[$1] }) else {
                #expect(maximum[target] == -.infinity && mean[target].isNaN && places[target] == -1)
                continue
            }
            #expect(maximum[target] == x[winner] && Int(places[target]) == winner)
            let at = window.coordinates(winner % window.inputCount, in: window.input)
            let inPlane = (at[2] * window.input[1] + at[1]) * window.input[0] + at[0]
            #expect(Int(columnMajorPlaces[target]) == plane * window.inputCount + inPlane)
            // At most twelve terms, in the same order: the division may still round otherwise.
            let sum = positions.reduce(0) { $0 + x[$1] }
            #expect(Tolerance.ulps(2).accepts(mean[target], sum / Double(positions.count)))
            expected.maximum[winner] += dy[target]
            for position in positions { expected.mean[position] += dy[target] / Double(positions.count) }
        }
        #expect(maximumGradient == expected.maximum)
        #expect(relativeError(meanGradient, expected.mean) < 8 * .ulpOfOne)
    }

    /// Extents with strides in source and target: axes that merge, transposed, repeated, summed and reversed ones.
    static let walks: [[(extent: Int, source: Int, target: Int)]] = [
        [], [(7, 1, 1)], [(4, 6, 6), (6, 1, 1)], [(33, 1, 20), (20, 33, 1)], [(3, 1, 12), (4, 3, 3), (3, 12, 1)],
        [(5, 0, 4), (4, 1, 1)], [(6, -1, 1)], [(2, 1, 9), (1, 5, 5), (3, 2, 3), (3, 6, 1)], [(0, 1, 1), (3, 1, 1)],
    ]

    @Test(arguments: walks) func `strided copies and sums go through every pair of positions`(
        walk: [(extent: Int, source: Int, target: Int)]
    ) {
        var strides = instar_strides()
        var pairs = [(source: walk.contains { $0.source < 0 } ? 5 : 0, target: 0)]
        (strides.source_start, strides.target_start) = pairs[0]
        for (extent, source, target) in walk {
            instar_strides_append(&strides, extent, source, target)
            pairs = pairs.flatMap { pair in
                (0..<extent).map { (pair.source + $0 * source, pair.target + $0 * target) }
            }
        }
        let x = TestGraphs.numbers(1000, seed: 5)
        var (copied, summed) = ([Double](repeating: 0, count: 1000), [Double](repeating: 0, count: 1000))
        for (source, target) in pairs {
            copied[target] = x[source]
            summed[target] += 0.5 * x[source]
        }
        #expect(filled(1000, with: 0) { instar_copy(INSTAR_DOUBLE, &strides, x, $0) } == copied)
        let result = filled(1000, with: 0) { instar_accumulate(INSTAR_DOUBLE, &strides, 0.5, x, $0) }
        #expect(relativeError(result, summed) < 16 * .ulpOfOne)
        // The other way round, repeated elements are summed.
        var (reversed, back) = (strides.reversed, [Double](repeating: 0, count: 1000))
        for (source, target) in pairs { back[source] += x[target] }
        let sums = filled(1000, with: 0) { instar_accumulate(INSTAR_DOUBLE, &reversed, 1, x, $0) }
        #expect(relativeError(sums, back) < 16 * .ulpOfOne)
    }

    @Test(arguments: [(outer: 1, extent: 5, inner: 3), (2, 4, 1), (3, 1, 2)], [true, false])
    func `gather picks rows of each block`(sizes: (outer: Int, extent: Int, inner: Int), sharesTuples: Bool) {
        let (outer, extent, inner) = sizes
        let count = 6
        var selection = instar_selection()
        (selection.outer, selection.depth, selection.inner, selection.count) = (outer, 1, inner, count)
        selection.extents.0 = extent
        selection.tuples_stride = sharesTuples ? 0 : count
        let tuples = (0..<outer * count).map { Int64($0 * 7 % (2 * extent) - extent) }
        let x = TestGraphs.numbers(outer * extent * inner, seed: 6)
        let dy = TestGraphs.numbers(outer * count * inner, seed: 7)
        let y = filled(dy.count) { instar_gather(INSTAR_DOUBLE, &selection, tuples, x, $0) }
        let dx = filled(x.count, with: 0) { instar_gather_backward(INSTAR_DOUBLE, &selection, tuples, dy, $0) }
        var (expected, gradient) = ([Double](), [Double](repeating: 0, count: x.count))
        for block in 0..<outer {
            for item in 0..<count {
                let index = Int(tuples[(sharesTuples ? 0 : block * count) + item])
                for element in 0..<inner {
                    let source = (block * extent + (index < 0 ? index + extent : index)) * inner + element
                    gradient[source] += dy[expected.count]
                    expected.append(x[source])
                }
            }
        }
        #expect(y == expected && dx == gradient)
    }

    @Test(arguments: [true, false], [-3, -1, 0, 2, 9])
    func `a triangle keeps one side of its diagonal`(isUpper: Bool, shift: Int) {
        let x = TestGraphs.numbers(2 * 3 * 4, seed: 8)
        let y = filled(x.count) { instar_triangle(INSTAR_DOUBLE, isUpper ? 1 : 0, shift, 2, 3, 4, x, $0) }
        let expected = x.indices.map { index in
            let (row, column) = (index / 4 % 3, index % 4)
            return (isUpper ? column - row >= shift : column - row <= shift) ? x[index] : 0
        }
        #expect(y == expected)
    }

    /// Rows along the last and along another axis, more of them than the kernel takes at once, longer than that, and empty.
    @Test(
        arguments: [(outer: 700, extent: 16, inner: 1), (3, 5, 4), (2, 5000, 1), (2, 1500, 3), (4, 0, 3)],
        [true, false])
    func `softmax normalises the exponentials of each row`(
        sizes: (outer: Int, extent: Int, inner: Int), isLogarithm: Bool
    ) {
        let (outer, extent, inner) = sizes
        let x = TestGraphs.numbers(outer * extent * inner, seed: 9).map { 30 * $0 }
        let y = filled(x.count) { instar_softmax(INSTAR_DOUBLE, isLogarithm ? 1 : 0, outer, extent, inner, x, $0) }
        var expected = x
        for row in 0..<outer * inner {
            let places = (0..<extent).map { (row / inner * extent + $0) * inner + row % inner }
            let largest = places.map { x[$0] }.max() ?? 0
            let sum = places.reduce(0) { $0 + exp(x[$1] - largest) }
            for place in places {
                expected[place] = isLogarithm ? x[place] - largest - log(sum) : exp(x[place] - largest) / sum
            }
        }
        // The sum has one rounding per term; a few more follow.
        #expect(relativeError(y, expected) <= Double(extent + 4) * .ulpOfOne)
    }

    /// What a kernel leaves in an array that starts with one number, NaN unless it adds.
    private func filled(
        _ count: Int, with start: Double = .nan, _ body: (UnsafeMutableRawPointer) -> Void
    ) -> [Double] {
        var values = [Double](repeating: start, count: count)
        values.withUnsafeMutableBytes { if let base = $0.baseAddress { body(base) } }
        return values
    }
}
