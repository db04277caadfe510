import Foundation
import TestSupport
import Tensors
import Testing

@testable import Graphs

@Suite struct LossHeadTests {
    /// Losses and gradient (of the mean) of outputs that are the parameters themselves added to nothing.
    private func evaluate<Scalar: Real>(
        _ head: LossHead, outputs: [Double], shape: Shape, count: Int, targets: Tensor, as type: Scalar.Type
    ) -> (losses: [Double], gradient: [Double]) {
        let values = outputs.map { Scalar($0) }
        var losses = [Double](repeating: .nan, count: count)
        var gradient = [Scalar](repeating: .nan, count: values.count)
        let (integers, numbers) = (targets.integers ?? [], targets.values(as: Scalar.self))
        values.withUnsafeBufferPointer { values in
            integers.withUnsafeBufferPointer { integers in
                numbers.withUnsafeBufferPointer { numbers in
                    losses.withUnsafeMutableBufferPointer { losses in
                        gradient.withUnsafeMutableBufferPointer { gradient in
                            guard let values = values.baseAddress, let numbers = numbers.baseAddress,
                                let losses = losses.baseAddress
                            else { return }
                            head.evaluate(
                                values, shape: shape, count: count,
                                targets: integers.baseAddress.map {
                                    targets.integers == nil ? .numbers(numbers) : .classes($0)
                                }
                                    ?? .numbers(numbers),
                                losses: losses, gradient: gradient.baseAddress, scale: 1 / Double(count))
                        }
                    }
                }
            }
        }
        return (losses, gradient.map { Double($0) })
    }

    // ln(e⁰ + e¹ + e²) − 2 and so on, from the definition.
    @Test func `cross-entropy is the negative log of the softmax`() {
        let (losses, gradient) = evaluate(
            .crossEntropy, outputs: [0, 1, 2, 3, 3, 3], shape: [3], count: 2,
            targets: Tensor([2, 0] as [Int64], shape: [2]), as: Double.self)
        let sum = 1 + exp(1.0) + exp(2.0)
        #expect(relativeError(losses, [log(sum) - 2, log(3)]) < 8 * .ulpOfOne)
        let expected = [1 / sum / 2, exp(1.0) / sum / 2, (exp(2.0) / sum - 1) / 2, -1.0 / 3, 1.0 / 6, 1.0 / 6]
        #expect(relativeError(gradient, expected) < 16 * .ulpOfOne)
    }

    @Test func `ignored positions take no part in mean or gradient`() {
        let ignored = Int64(LossHead.ignoredTarget)
        let (losses, gradient) = evaluate(
            .crossEntropy, outputs: [0, 0, 5, -5, 1, 2, 0, 0], shape: [2, 2], count: 2,
            targets: Tensor([1, ignored, ignored, ignored], shape: [2, 2]), as: Double.self)
        #expect(Tolerance.ulps(4).accepts(losses[0], log(2)) && losses[1] == 0)
        #expect(gradient == [0.25, -0.25, 0, 0, 0, 0, 0, 0])
    }

    @Test(arguments: [1e4, -1e4]) func `entropies are finite at logits of ten thousand`(logit: Double) {
        func check<Scalar: Real>(_ type: Scalar.Type) {
            let cross = evaluate(
                .crossEntropy, outputs: [logit, 0, -logit], shape: [3], count: 1,
                targets: Tensor([2] as [Int64], shape: [1]), as: type)
            #expect(cross.losses == [logit > 0 ? 2 * logit : 0])
            #expect(cross.gradient == (logit > 0 ? [1, 0, -1] : [0, 0, 0]))
            let binary = evaluate(
                .binaryCrossEntropy, outputs: [logit, -logit], shape: [2], count: 1,
                targets: Tensor([1.0, 1.0], shape: [1, 2]), as: type)
            #expect(binary.losses == [abs(logit) / 2])
            #expect(binary.gradient == (logit > 0 ? [0, -0.5] : [-0.5, 0]))
        }
        check(Double.self)
        check(Float.self)
    }

    @Test func `squared errors are sums or means over an example's outputs`() {
        let targets = Tensor([1.0, 1, 0, 0], shape: [2, 2])
        let outputs = [2.0, 4, 1, 0]
        let sum = evaluate(.sumSquaredError, outputs: outputs, shape: [2], count: 2, targets: targets, as: Double.self)
        #expect(sum.losses == [10, 1] && sum.gradient == [1, 3, 1, 0])
        let mean = evaluate(
            .meanSquaredError, outputs: outputs, shape: [2], count: 2, targets: targets, as: Double.self)
        #expect(mean.losses == [5, 0.5] && mean.gradient == [0.5, 1.5, 0.5, 0])
    }

    @Test func `binary cross-entropy follows its definition`() {
        let (logits, targets) = ([0.3, -1.2, 2.0], [1.0, 0.25, 0])
        let result = evaluate(
            .binaryCrossEntropy, outputs: logits, shape: [3], count: 1, targets: Tensor(targets, shape: [1, 3]),
            as: Double.self)
        let expected = zip(logits, targets).reduce(0.0) { sum, pair in
            let p = 1 / (1 + exp(-pair.0))
            return sum - (pair.1 * log(p) + (1 - pair.1) * log(1 - p)) / 3
        }
        #expect(relativeError(result.losses, [expected]) < 16 * .ulpOfOne)
    }

    private static let ignored = Int64(LossHead.ignoredTarget)
    private static let classes = Tensor([2, ignored, 0, 1, ignored, ignored] as [Int64], shape: [3, 2])
    private static let numbers = Tensor((0..<18).map { Double($0 % 5) / 4 }, shape: [3, 2, 3])

    @Test(arguments: [
        (LossHead.crossEntropy, classes), (.nextToken, classes), (.sumSquaredError, numbers),
        (.meanSquaredError, numbers), (.binaryCrossEntropy, numbers),
    ])
    func `gradients are central differences of the mean loss`(head: LossHead, targets: Tensor) {
        let outputs = TestGraphs.numbers(18, seed: 4).map { 3 * $0 }
        func run(_ outputs: [Double]) -> (losses: [Double], gradient: [Double]) {
            evaluate(head, outputs: outputs, shape: [2, 3], count: 3, targets: targets, as: Double.self)
        }
        let problem = GradientChecker().problem(at: outputs, gradient: run(outputs).gradient) {
            run($0).losses.reduce(0, +) / 3
        }
        #expect(problem == nil)
    }

    @Test func `a graph that emits losses passes them on, with the gradient of their mean`() {
        let result = evaluate(
            .output("loss"), outputs: [3, -1, 0.5, 2], shape: [], count: 4, targets: Tensor([0.0], shape: [1]),
            as: Float.self)
        #expect(result.losses == [3, -1, 0.5, 2] && result.gradient == [0.25, 0.25, 0.25, 0.25])
    }

    // Float holds whole numbers up to 2²⁴ and then every other one: terms of about 1 would vanish beside 2²⁴ in a sum of
    // Floats. Here their thousand remains, to the rounding of a few sums in Double.
    @Test func `Float's losses are summed in Double`() {
        let (large, count) = (16_777_216.0, 1000)
        let squares = evaluate(
            .sumSquaredError, outputs: [4096] + [Double](repeating: 1, count: count), shape: [count + 1], count: 1,
            targets: Tensor([Double](repeating: 0, count: count + 1), shape: [1, count + 1]), as: Float.self)
        #expect(squares.losses == [large + Double(count)])
        let zeros = [Double](repeating: 0, count: 2 * count)
        let expected = (large + Double(count) * log(2)) / Double(count + 1)
        let cross = evaluate(
            .crossEntropy, outputs: [large, 0] + zeros, shape: [count + 1, 2], count: 1,
            targets: Tensor([Int64](repeating: 1, count: count + 1), shape: [1, count + 1]), as: Float.self)
        #expect(Tolerance.relative(Double(count) * .ulpOfOne).accepts(cross.losses[0], expected))
        let binary = evaluate(
            .binaryCrossEntropy, outputs: [large] + zeros.prefix(count), shape: [count + 1], count: 1,
            targets: Tensor([Double](repeating: 0, count: count + 1), shape: [1, count + 1]), as: Float.self)
        #expect(Tolerance.relative(Double(count) * .ulpOfOne).accepts(binary.losses[0], expected))
    }

    @Test func `names lead to heads and back, others are refused with the names there are`() throws {
        for name in [
            "cross-entropy", "next-token", "sum-squared-error", "mean-squared-error", "binary-cross-entropy",
            "output:loss",
        ] {
            #expect(try LossHead(name: name).name == name)
        }
        let error = #expect(throws: GraphError.self) { try LossHead(name: "mse") }
        #expect(error?.kind == .notFound && error?.reason.contains("mean-squared-error") == true)
    }
}
