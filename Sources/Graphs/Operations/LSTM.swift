import CKernels
import Tensors

/// `LSTM` (opset 7): one layer of long short-term memory, in one direction or both.
///
/// Hochreiter & Schmidhuber 1997, with forget gates, peepholes (input 7) and the coupling of input and forget gate
/// (`input_forget`) as in Greff et al. 2017, arXiv:1503.04069. What lies beyond an example's length (input 4) is 0.
/// `clip` bounds what the functions of the gates and of the cell's input take, not the cell, as in ONNX Runtime.
struct LSTM: Operation {
    static let foldingLimit = 0

    static var mayLackFirstOutput: Bool { true }

    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    let savedCount: Dimension
    let scratchCount: Dimension
    private let shapes: RecurrentShapes
    /// Of each direction: those of the gates, of the cell's input, and of the state.
    private let functions: [instar_function]
    private let clip: Double
    private let couples: Bool

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow(
            "activation_alpha", "activation_beta", "activations", "clip", "direction", "hidden_size", "input_forget",
            "layout")
        shapes = try RecurrentShapes(context, gateCount: 4)
        functions = try RecurrentFunctions.read(
            context, defaults: shapes.directions.flatMap { _ in ["Sigmoid", "Tanh", "Tanh"] })
        clip = try context.float("clip") ?? .infinity
        couples = try context.integer("input_forget") == 1
        let expected = [
            (5, shapes.state), (6, shapes.state),
            (7, [shapes.directions.count, 3 * shapes.hidden].map { Dimension($0) }),
        ]
        for (index, expected) in expected where context.optionalInput(index) != nil {
            let shape = try context.floatInput(index).shape
            guard shape == expected else {
                throw context.error(.mismatch, "input \(index) has shape \(shape); \(expected) is expected")
            }
        }
        let type = try context.input(0).elementType
        outputs = [shapes.output, shapes.state, shapes.state].prefix(max(1, context.node.outputs.count)).map {
            ValueDescription(type, $0)
        }
        let perExample = SavedSteps<Float>.count(shapes, batch: 1)
        guard let saved = shapes.batch.times(Dimension(shapes.directions.count * perExample)),
            let room = shapes.batch.times(Dimension((4 * shapes.times + 2) * shapes.hidden))?.plus(
                Dimension(2 * shapes.hidden))
        else { throw context.error(.unsupported, "an input of shape \(try context.input(0).shape) is too large") }
        (savedCount, scratchCount) = (saved, room)
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let batch = batch(frame)
        let gates = 4 * shapes.hidden
        for direction in shapes.directions.indices {
            let kept = saved(frame, direction)
            for (input, target) in [(5, kept.hidden(0)), (6, kept.cell(0))] {
                if frame.hasInput(input) {
                    var strides = shapes.stateStrides(direction: direction, batch: batch)
                    instar_copy(Scalar.kernelType, &strides, frame.input(input), target)
                } else {
                    instar_zero(target, batch * shapes.hidden * MemoryLayout<Scalar>.stride)
                }
            }
            Scalar.multiply(
                MatrixOperand(frame.input(0), stride: shapes.inputSize),
                MatrixOperand(weights(frame, 1, direction), stride: shapes.inputSize, isTransposed: true),
                rows: shapes.times * batch, columns: gates, inner: shapes.inputSize, alpha: 1, beta: 0,
                into: kept.products, stride: gates)
            for (position, time) in shapes.order(direction: direction).enumerated() {
                let (start, stride) = shapes.step(time, size: gates, batch: batch)
                Scalar.multiply(
                    MatrixOperand(kept.hidden(position), stride: shapes.hidden),
                    MatrixOperand(weights(frame, 2, direction), stride: shapes.hidden, isTransposed: true), rows: batch,
                    columns: gates, inner: shapes.hidden, alpha: 1, beta: 1, into: kept.products + start, stride: stride
                )
                var step = step(frame, direction, time)
                instar_lstm_forward(
                    Scalar.kernelType, &step, optionalWeights(frame, 3, direction),
                    optionalWeights(frame, 7, direction),
                    kept.cell(position), kept.hidden(position), kept.products + start, kept.gates + start,
                    kept.cell(position + 1), kept.hidden(position + 1),
                    frame.hasOutput(0)
                        ? frame.output(0) + shapes.outputStep(time, direction: direction, batch: batch).start : nil)
            }
            for (output, source) in [(1, kept.hidden(shapes.times)), (2, kept.cell(shapes.times))]
            where frame.hasOutput(output) {
                var strides = shapes.stateStrides(direction: direction, batch: batch).reversed
                instar_copy(Scalar.kernelType, &strides, source, frame.output(output))
            }
        }
    }

    /// Backpropagation through time: with dz of all steps, dX += dz·W, dW += dzᵀ·X, dR += Σ dzᵀ·h, dB += Σ dz.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let batch = batch(frame)
        let (gates, stateCount) = (4 * shapes.hidden, batch * shapes.hidden)
        let dz = frame.scratch
        let (dh, dc) = (dz + shapes.times * batch * gates, dz + shapes.times * batch * gates + stateCount)
        for direction in shapes.directions.indices {
            let kept = saved(frame, direction)
            instar_zero(dh, 2 * stateCount * MemoryLayout<Scalar>.stride)
            for (output, target) in [(1, dh), (2, dc)] where frame.hasOutput(output) {
                guard let source = frame.outputGradient(output) else { continue }
                var strides = shapes.stateStrides(direction: direction, batch: batch)
                instar_accumulate(Scalar.kernelType, &strides, 1, source, target)
            }
            for (position, time) in shapes.order(direction: direction).enumerated().reversed() {
                let (start, stride) = shapes.step(time, size: gates, batch: batch)
                var step = step(frame, direction, time)
                let dy = frame.hasOutput(0) ? frame.outputGradient(0) : nil
                instar_lstm_backward(
                    Scalar.kernelType, &step, optionalWeights(frame, 7, direction), kept.cell(position),
                    kept.cell(position + 1), kept.products + start, kept.gates + start,
                    dy.map { $0 + shapes.outputStep(time, direction: direction, batch: batch).start }, dh, dc,
                    dz + start, weightGradient(frame, 7, direction), dc + stateCount)
                if position > 0 || (frame.hasInput(5) && frame.inputGradient(5) != nil) {
                    Scalar.multiply(
                        MatrixOperand(UnsafePointer(dz + start), stride: stride),
                        MatrixOperand(weights(frame, 2, direction), stride: shapes.hidden), rows: batch,
                        columns: shapes.hidden, inner: gates, alpha: 1, beta: 1, into: dh, stride: shapes.hidden)
                }
                if let dr = weightGradient(frame, 2, direction) {
                    Scalar.multiply(
                        MatrixOperand(UnsafePointer(dz + start), stride: stride, isTransposed: true),
                        MatrixOperand(kept.hidden(position), stride: shapes.hidden), rows: gates,
                        columns: shapes.hidden, inner: batch, alpha: 1, beta: 1, into: dr, stride: shapes.hidden)
                }
            }
            addGradients(frame, direction, dz)
            for (input, source) in [(5, dh), (6, dc)] where frame.hasInput(input) {
                guard let target = frame.inputGradient(input) else { continue }
                var strides = shapes.stateStrides(direction: direction, batch: batch).reversed
                instar_accumulate(Scalar.kernelType, &strides, 1, source, target)
            }
        }
    }

    /// What follows from the gradients of all steps' products at once.
    private func addGradients<Scalar: Real>(
        _ frame: Frame<Scalar>, _ direction: Int, _ dz: UnsafeMutablePointer<Scalar>
    ) {
        let (rows, gates) = (shapes.times * batch(frame), 4 * shapes.hidden)
        if let dx = frame.inputGradient(0) {
            Scalar.multiply(
                MatrixOperand(dz, stride: gates), MatrixOperand(weights(frame, 1, direction), stride: shapes.inputSize),
                rows: rows, columns: shapes.inputSize, inner: gates, alpha: 1, beta: 1, into: dx,
                stride: shapes.inputSize)
        }
        if let dw = weightGradient(frame, 1, direction) {
            Scalar.multiply(
                MatrixOperand(dz, stride: gates, isTransposed: true),
                MatrixOperand(frame.input(0), stride: shapes.inputSize), rows: gates, columns: shapes.inputSize,
                inner: rows, alpha: 1, beta: 1, into: dw, stride: shapes.inputSize)
        }
        if let db = weightGradient(frame, 3, direction) {
            var strides = instar_strides()
            strides.append(rows, source: gates, target: 0)
            strides.append(gates, source: 1, target: 1)
            // The biases of the input and of the state are added to the same products.
            for half in [db, db + gates] { instar_accumulate(Scalar.kernelType, &strides, 1, dz, half) }
        }
    }

    private func step<Scalar: Real>(_ frame: Frame<Scalar>, _ direction: Int, _ time: Int) -> instar_lstm_step {
        let batch = batch(frame)
        return instar_lstm_step(
            batch: batch, hidden: shapes.hidden,
            gate_stride: shapes.step(time, size: 4 * shapes.hidden, batch: batch).stride,
            output_stride: shapes.outputStep(time, direction: direction, batch: batch).stride,
            gate: functions[3 * direction], cell: functions[3 * direction + 1], state: functions[3 * direction + 2],
            clip: clip, couples: couples ? 1 : 0, lengths: frame.hasInput(4) ? frame.integerInput(4) : nil, time: time)
    }

    private func batch<Scalar: Real>(_ frame: Frame<Scalar>) -> Int {
        frame.inputShape(0)[shapes.batchAxis]
    }

    /// The part of input `index` that belongs to a direction.
    private func weights<Scalar: Real>(
        _ frame: Frame<Scalar>, _ index: Int, _ direction: Int
    ) -> UnsafePointer<Scalar> {
        frame.input(index) + direction * frame.inputShape(index).stride(of: 0)
    }

    private func optionalWeights<Scalar: Real>(
        _ frame: Frame<Scalar>, _ index: Int, _ direction: Int
    ) -> UnsafePointer<Scalar>? {
        frame.hasInput(index) ? weights(frame, index, direction) : nil
    }

    private func weightGradient<Scalar: Real>(
        _ frame: Frame<Scalar>, _ index: Int, _ direction: Int
    ) -> UnsafeMutablePointer<Scalar>? {
        guard frame.hasInput(index) else { return nil }
        return frame.inputGradient(index).map { $0 + direction * frame.inputShape(index).stride(of: 0) }
    }

    private func saved<Scalar: Real>(_ frame: Frame<Scalar>, _ direction: Int) -> SavedSteps<Scalar> {
        let batch = batch(frame)
        return SavedSteps(
            frame.saved + direction * SavedSteps<Scalar>.count(shapes, batch: batch), shapes, batch: batch)
    }
}

/// What `forward` keeps of one direction.
private struct SavedSteps<Scalar: Real> {
    /// The inputs of the gates' functions, of all steps.
    let products: UnsafeMutablePointer<Scalar>
    /// The gates.
    let gates: UnsafeMutablePointer<Scalar>
    private let states: UnsafeMutablePointer<Scalar>
    private let stateCount: Int

    init(_ start: UnsafeMutablePointer<Scalar>, _ shapes: RecurrentShapes, batch: Int) {
        stateCount = batch * shapes.hidden
        products = start
        gates = products + shapes.times * 4 * stateCount
        states = gates + shapes.times * 4 * stateCount
    }

    /// The cells before the step at `position`, in the direction's order.
    func cell(_ position: Int) -> UnsafeMutablePointer<Scalar> { states + 2 * position * stateCount }

    /// The hidden state before the step at `position`.
    func hidden(_ position: Int) -> UnsafeMutablePointer<Scalar> { states + (2 * position + 1) * stateCount }

    /// The number of scalars.
    static func count(_ shapes: RecurrentShapes, batch: Int) -> Int {
        (shapes.times * 8 + (shapes.times + 1) * 2) * batch * shapes.hidden
    }
}
