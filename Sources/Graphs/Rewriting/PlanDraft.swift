import Tensors

/// Values and steps while a plan is made: what rewrites change, before what nobody needs is dropped.
///
/// Steps are in the order of evaluation. A rewrite puts a new step in the place of the last of those it stands for, so the
/// order stays valid; the others are dropped where nothing else reads what they make. Dropped steps keep their places, and
/// values their numbers, until `prune`: a rewrite takes time by what it touches and not by the size of the graph.
struct PlanDraft {
    private(set) var values: [Plan.Value]
    private(set) var steps: [Plan.Step]
    private(set) var output: Int
    /// For each value, the steps that read it, ascending.
    private var readers: [[Int]] = []
    /// The step that makes each value that is made, views included.
    private var makers: [Int: Int] = [:]
    /// What rewrites have added once for all steps that ask for the same, by what it is.
    private var additions: [String: Int] = [:]
    /// For each step, whether a rewrite has left it without a reader.
    private(set) var isDropped: [Bool] = []

    init(values: [Plan.Value], steps: [Plan.Step], output: Int) {
        self.values = values
        self.steps = steps
        self.output = output
        prune()
    }

    /// The step that makes a value, or of which it is a view; nil for what is given and what is known.
    func producer(of value: Int) -> Plan.Step? { makers[value].map { steps[$0] } }

    /// The step that makes a value, where it applies that operator.
    func producer(of value: Int, _ operatorName: String) -> Plan.Step? {
        guard let step = producer(of: value), step.node.operatorName == operatorName else { return nil }
        return step
    }

    /// The only step that reads a value; nil where there are several, or where the loss reads it.
    func onlyReader(of value: Int) -> Int? {
        readers[value].count == 1 && value != output ? readers[value][0] : nil
    }

    /// What a value holds, where it is known beforehand.
    func known(_ value: Int, depth: Int = 32) -> Tensor? {
        if case .constant(let tensor) = values[value].description.contents { return tensor }
        // A view of something known is not known by itself: it follows its storage.
        guard depth > 0, let step = producer(of: value), step.operation.isView else { return nil }
        return known(step.inputs[0], depth: depth - 1)
    }

    /// The one number that a known floating-point value consists of; nil where it is anything else.
    func scalar(_ value: Int) -> Double? {
        guard values[value].description.isFloat, let tensor = known(value), tensor.count == 1 else { return nil }
        return tensor.values(as: Double.self)[0]
    }

    /// The extents of a value.
    func shape(_ value: Int) -> [Dimension] { values[value].description.shape }

    /// Puts an operation in the place of a step, whose outputs keep their numbers, and drops what nobody reads any more.
    mutating func replace(step: Int, by operation: any Operation, named name: String, inputs: [Int]) {
        let old = steps[step]
        let node = Node(
            name: old.node.name, operatorName: name, inputs: inputs.map { $0 < 0 ? "" : values[$0].name },
            outputs: old.outputs.map { $0 < 0 ? "" : values[$0].name })
        steps[step] = Plan.Step(node: node, operation: operation, inputs: inputs, outputs: old.outputs)
        for output in old.outputs where output >= 0 { values[output].source = .computed(step: step) }
        for input in Set(inputs).subtracting(old.inputs) where input >= 0 {
            readers[input].insert(step, at: readers[input].firstIndex { $0 > step } ?? readers[input].count)
        }
        stopReading(Set(old.inputs).subtracting(inputs), by: step)
    }

    /// Takes a step from the readers of values, and drops the steps whose values then have none, with all before them.
    private mutating func stopReading(_ inputs: Set<Int>, by step: Int) {
        var left = inputs.filter { $0 >= 0 }.map { (value: $0, reader: step) }
        while let (value, reader) = left.popLast() {
            readers[value].removeAll { $0 == reader }
            guard let maker = makers[value], !isDropped[maker],
                steps[maker].outputs.allSatisfy({ $0 < 0 || $0 != output && readers[$0].isEmpty })
            else { continue }
            isDropped[maker] = true
            left += Set(steps[maker].inputs).filter { $0 >= 0 }.map { ($0, maker) }
        }
    }

    /// Adds a known value; one that was added under the same name is taken again.
    mutating func add(named name: String, _ make: () -> Tensor) -> Int {
        if let known = additions[name] { return known }
        let constant = make()
        additions[name] = values.count
        let shape = constant.shape.dimensions.map { Dimension($0) }
        values.append(
            Plan.Value(
                name: name,
                description: ValueDescription(constant.elementType, shape, contents: .constant(constant)),
                source: .constant(constant)))
        readers.append([])
        return values.count - 1
    }

    /// Drops the steps and values that the output does not need once known parts are folded, and renumbers.
    mutating func prune() {
        var isLive = [Bool](repeating: false, count: values.count)
        isLive[output] = true
        var kept: [Plan.Step] = []
        for step in steps.reversed() {
            let isComputed = step.outputs.contains { number in
                guard number >= 0, isLive[number] else { return false }
                switch values[number].source {
                case .computed, .view: return true
                default: return false
                }
            }
            guard isComputed else { continue }
            for input in step.inputs where input >= 0 { isLive[input] = true }
            kept.append(step)
        }
        kept.reverse()
        renumber(kept, isLive: isLive)
    }

    private mutating func renumber(_ kept: [Plan.Step], isLive: [Bool]) {
        var number = [Int](repeating: -1, count: values.count)
        var liveValues: [Plan.Value] = []
        // An output of a kept step has storage even where nobody reads it: the operation writes it.
        let made = Set(kept.flatMap(\.outputs))
        for index in values.indices where isLive[index] || made.contains(index) {
            number[index] = liveValues.count
            liveValues.append(values[index])
        }
        steps = kept.map { step in
            var step = step
            step.inputs = step.inputs.map { $0 < 0 ? -1 : number[$0] }
            step.outputs = step.outputs.map { $0 < 0 ? -1 : number[$0] }
            return step
        }
        readers = [[Int]](repeating: [], count: liveValues.count)
        makers = [:]
        isDropped = [Bool](repeating: false, count: steps.count)
        for (index, step) in steps.enumerated() {
            for output in step.outputs where output >= 0 {
                switch liveValues[output].source {
                case .computed: liveValues[output].source = .computed(step: index)
                case .view: break
                default: continue
                }
                makers[output] = index
            }
            for input in Set(step.inputs) where input >= 0 { readers[input].append(index) }
        }
        for index in liveValues.indices {
            if case .view(let other) = liveValues[index].source { liveValues[index].source = .view(of: number[other]) }
        }
        values = liveValues
        output = number[output]
    }
}
