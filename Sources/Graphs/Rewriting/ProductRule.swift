import Tensors

/// Puts a ``StridedProduct`` in the place of MatMul or Gemm, with the transposes and scalings of its operands and what
/// follows it: scaling, bias, and reshapes and transposes of the result.
struct ProductRule {
    /// A value as an operand: where it is stored, how it lies there, and by what it is multiplied.
    private struct Operand {
        var value: Int
        var view: StridedView
        var factor = 1.0
    }

    /// Something done to a product that its kernel can do.
    private enum Epilogue {
        case scale(Double)
        case bias(Int)
        case reshape(from: [Dimension])
        case transpose([Int])
    }

    /// How many steps in a row are looked at; no exporter writes more than a handful.
    private static let depth = 32

    private let draft: PlanDraft
    private let step: Int

    static func apply(to draft: inout PlanDraft, step: Int) {
        guard ["MatMul", "Gemm"].contains(draft.steps[step].node.operatorName),
            let (last, operation, inputs) = ProductRule(draft: draft, step: step).product()
        else { return }
        draft.replace(step: last, by: operation, named: "Product", inputs: inputs)
    }

    /// The product, with the step it replaces and its inputs.
    private func product() -> (last: Int, operation: StridedProduct, inputs: [Int])? {
        guard let (operands, alpha, bias) = operandsOfStep(), operands.allSatisfy({ !$0.isEmpty }) else { return nil }
        let (epilogues, outputs, steps) = epilogues(hasBias: bias != nil)
        for count in (0...epilogues.count).reversed() {
            // What ends in a reshape gains nothing by it: a reshape moves nothing.
            if count > 0, case .reshape = epilogues[count - 1] { continue }
            for a in operands[0] {
                for b in operands[1] {
                    guard
                        let made = build(
                            a, b, alpha: alpha, bias: bias, Array(epilogues[..<count]), output: outputs[count])
                    else { continue }
                    return (steps[count], made.operation, made.inputs)
                }
            }
        }
        return nil
    }

    private func build(
        _ a: Operand, _ b: Operand, alpha: Double, bias: Int?, _ epilogues: [Epilogue], output: Int
    ) -> (operation: StridedProduct, inputs: [Int])? {
        guard var y = StridedView(contiguous: draft.shape(output)) else { return nil }
        var alpha = alpha * a.factor * b.factor
        var bias = bias
        for epilogue in epilogues.reversed() {
            switch epilogue {
            case .scale(let factor): alpha *= factor
            case .bias(let value): bias = value
            case .reshape(let shape):
                guard let earlier = y.reshaped(shape) else { return nil }
                y = earlier
            case .transpose(let permutation):
                y = y.transposed(permutation.indices.map { axis in permutation.firstIndex(of: axis) ?? axis })
            }
        }
        if a.view.axes.count == 1 { y.insertAxis(at: max(0, y.axes.count - (b.view.axes.count == 1 ? 0 : 1))) }
        if b.view.axes.count == 1 { y.insertAxis(at: y.axes.count) }
        var (viewA, viewB) = (a.view, b.view)
        if viewA.axes.count == 1 { viewA.insertAxis(at: 0) }
        if viewB.axes.count == 1 { viewB.insertAxis(at: 1) }
        guard let layout = ProductLayout(a: viewA, b: viewB, y: y) else { return nil }
        if let bias {
            // The bias is repeated over the rows of one product, so its columns must be those of the result.
            guard layout.loops.isEmpty, !layout.isSwapped, layout.columns.strides.y == Dimension(1),
                draft.shape(bias).product == layout.columns.extent
            else { return nil }
        }
        let operation = StridedProduct(
            layout, alpha: alpha, hasBias: bias != nil, output: draft.values[output].description)
        return (operation, [a.value, b.value] + (bias.map { [$0] } ?? []))
    }

    /// The operands, each in the forms to try, best first.
    private func operandsOfStep() -> (operands: [[Operand]], alpha: Double, bias: Int?)? {
        let step = draft.steps[step]
        let forms = step.inputs.prefix(2).map { operandForms($0) }
        guard step.node.operatorName == "Gemm" else { return (forms, 1, nil) }
        func attribute(_ name: String) -> Attribute? { step.node.attributes[name] }
        var (alpha, bias): (Double, Int?) = (1, nil)
        if case .float(let value) = attribute("alpha") { alpha = Double(value) }
        if step.inputs.count > 2, step.inputs[2] >= 0 {
            let c = step.inputs[2]
            if case .float(let beta) = attribute("beta"), beta != 1 { return nil }
            guard isRow(c, of: draft.shape(step.outputs[0])) else { return nil }
            bias = c
        }
        let transposed = ["transA", "transB"].map { attribute($0).map { $0 != .integer(0) } ?? false }
        let operands = zip(forms, transposed).map { forms, isTransposed in
            forms.map { form in
                var form = form
                if isTransposed { form.view = form.view.transposed([1, 0]) }
                return form
            }
        }
        return (operands, alpha, bias)
    }

    /// As it lies in the storage it comes from, and as it is.
    private func operandForms(_ value: Int) -> [Operand] {
        let plain = StridedView(contiguous: draft.shape(value)).map { Operand(value: value, view: $0) }
        return [followed(value), plain].compactMap(\.self)
    }

    /// The value as a view of the storage that transposes, reshapes and scalings take it from; nil where it is not one.
    private func followed(_ value: Int, depth: Int = depth) -> Operand? {
        guard depth > 0, let step = draft.producer(of: value), draft.values[value].description.isFloat,
            let source = step.inputs.first
        else { return nil }
        func inner(_ source: Int) -> Operand? {
            followed(source, depth: depth - 1)
                ?? StridedView(contiguous: draft.shape(source)).map { Operand(value: source, view: $0) }
        }
        if let (scaled, factor) = draft.scaling(step) {
            var operand = inner(scaled)
            operand?.factor *= factor
            return operand
        }
        if step.operation.isView {
            guard var operand = inner(source), let view = operand.view.reshaped(draft.shape(value)) else { return nil }
            operand.view = view
            return operand
        }
        guard let permutation = draft.permutation(step), var operand = inner(source) else { return nil }
        operand.view = operand.view.transposed(permutation)
        return operand
    }

    /// What follows the product and nothing else reads; with the values made and the steps that make them. As many as
    /// `followed` goes back.
    private func epilogues(hasBias: Bool) -> (epilogues: [Epilogue], outputs: [Int], steps: [Int]) {
        var epilogues: [Epilogue] = []
        var outputs = [draft.steps[step].outputs[0]]
        var steps = [step]
        var (hasBias, isMoved) = (hasBias, false)
        while epilogues.count < Self.depth, let last = outputs.last, let reader = draft.onlyReader(of: last) {
            let next = draft.steps[reader]
            if let (_, factor) = draft.scaling(next), !hasBias {
                epilogues.append(.scale(factor))
            } else if !hasBias, !isMoved, next.node.operatorName == "Add",
                let other = next.inputs.first(where: { $0 != last }), isRow(other, of: draft.shape(last)),
                draft.shape(next.outputs[0]) == draft.shape(last)
            {
                epilogues.append(.bias(other))
                hasBias = true
            } else if next.operation.isView, next.inputs[0] == last {
                epilogues.append(.reshape(from: draft.shape(last)))
                isMoved = true
            } else if let permutation = draft.permutation(next) {
                epilogues.append(.transpose(permutation))
                isMoved = true
            } else {
                break
            }
            outputs.append(next.outputs[0])
            steps.append(reader)
        }
        return (epilogues, outputs, steps)
    }

    /// Whether a value is one row, repeated over all rows of `shape`.
    private func isRow(_ value: Int, of shape: [Dimension]) -> Bool {
        let row = draft.shape(value)
        guard let last = shape.last, last != Dimension(1), row.count <= shape.count else { return false }
        return row.last == last && row.dropLast().allSatisfy { $0 == Dimension(1) }
    }
}
