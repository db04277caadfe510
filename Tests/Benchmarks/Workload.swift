import Graphs
import HDF5
import ONNX
import Pipeline
import Sampling
import Tensors

/// A workload file `NAME.h5` with its graph `NAME.onnx`: a model at a checkpoint, examples, sampling settings and
/// reference values that every implementation can be compared with.
struct Workload: Sendable {
    let name: String
    private let graph: Graph
    private(set) var plan: Plan
    /// The parameters that are sampled.
    private(set) var subset: ParameterSubset
    let head: LossHead
    /// The parameters by name.
    let parameters: [String: Tensor]
    let input: Tensor
    let targets: Tensor
    let batchSize: Int
    let stepSize: Double
    let localization: Double
    let nBeta: Double
    let reference: ReferenceValues

    /// The names there are.
    static let names = ["W1", "W2", "W3", "W4", "W5"]

    /// Reads a workload from a folder.
    init(_ name: String, in folder: String) throws {
        let root = try HDF5File(reading: "\(folder)/\(name).h5").root()
        graph = try Graph(onnxFile: "\(folder)/\(name).onnx")
        parameters = try root.group("params").tensors()
        input = try root.dataset("data/x").read()
        targets = try root.dataset("data/y").read()
        batchSize = Int(try root.number("batch"))
        stepSize = try root.number("eps")
        localization = try root.number("gamma")
        nBeta = try root.number("nbeta")
        reference = try ReferenceValues(root.group("check"))
        let dataNames = graph.inputs.map(\.name).filter { [parameters] in parameters[$0] == nil }
        let binding = try ParameterBinding(
            graph: graph,
            tensors: parameters.sorted { $0.key < $1.key }.map {
                CheckpointTensor(name: $0.key, shape: $0.value.shape, elementType: $0.value.elementType)
            },
            dataNames: dataNames, equal: { [parameters] in parameters[$0] == parameters[$1] })
        plan = try Workload.plan(graph, binding, input)
        subset = ParameterSubset(ranges: binding.trainableRanges)
        head = targets.integers == nil ? .meanSquaredError : .crossEntropy
        self.name = name
    }

    private static func plan(_ graph: Graph, _ binding: ParameterBinding, _ input: Tensor) throws(GraphError) -> Plan {
        let shape = Shape(Array(input.shape.dimensions.dropFirst()))
        return try Plan(graph: graph, binding: binding, exampleShapes: [binding.dataInputs[0].name: shape])
    }

    /// The same with only the parameters that patterns name sampled.
    func restricted(to patterns: [String]) throws -> Workload {
        let (ranges, binding) = try ParameterSelection(patterns).resolve(in: plan.binding)
        var result = self
        result.plan = try Workload.plan(graph, binding, input)
        result.subset = ParameterSubset(ranges: ranges)
        return result
    }

    /// n, the number of examples.
    var exampleCount: Int { input.shape.dimensions[0] }

    /// The loss over all examples.
    func loss<Scalar: Real>(as type: Scalar.Type = Scalar.self) throws -> ModelLoss<Scalar> {
        try ModelLoss(plan: plan, head: head, inputs: [plan.binding.dataInputs[0].name: input], targets: targets)
    }

    /// The posterior that is sampled.
    func posterior<Scalar: Real>(as type: Scalar.Type = Scalar.self) throws -> LocalPosterior<Scalar> {
        LocalPosterior(
            center: try plan.binding.flatten(parameters), nBeta: nBeta, localization: localization,
            subset: subset)
    }

    /// The settings of the file; a minibatch of all examples is each of them once.
    func settings(chainCount: Int, batchSize: Int? = nil) -> SamplingSettings {
        let batchSize = batchSize ?? self.batchSize
        return SamplingSettings(
            chainCount: chainCount, drawCount: 1, burnInCount: 0, batchSize: batchSize,
            minibatches: batchSize == exampleCount ? .epochs : .iid, stepSize: stepSize, nBeta: nBeta,
            localization: localization, seed: 0, precision: .float)
    }
}

/// What a workload's gradient and noise-free sampler steps are, computed by PyTorch in double precision.
struct ReferenceValues: Sendable {
    /// Indices of the examples of one minibatch.
    let batch: [Int]
    /// Its mean loss.
    let loss: Double
    /// The gradient of the mean loss by parameter name, stored in single precision.
    let gradients: [String: Tensor]
    /// The minibatches of the steps from the checkpoint. Axes `[step, example]`.
    let trajectoryBatches: [[Int]]
    /// The mean loss of each, before its step.
    let trajectoryLosses: [Double]

    init(_ group: HDF5Group) throws {
        batch = try group.integers("batch_idx")
        loss = try group.dataset("loss").read().values(as: Double.self)[0]
        gradients = try group.group("grad").tensors()
        trajectoryLosses = try group.dataset("traj_loss").read().values()
        let indices = try group.integers("traj_idx")
        let size = indices.count / max(1, trajectoryLosses.count)
        trajectoryBatches = trajectoryLosses.indices.map { Array(indices[$0 * size..<($0 + 1) * size]) }
    }
}

extension HDF5Group {
    /// All datasets below the group by their path.
    fileprivate func tensors() throws -> [String: Tensor] {
        var tensors: [String: Tensor] = [:]
        try forEachDataset { parts throws(HDF5Error) in
            let name = parts.joined(separator: "/")
            tensors[name] = try dataset(name).read()
        }
        return tensors
    }

    fileprivate func integers(_ name: String) throws -> [Int] {
        try dataset(name).read().integers?.map { Int($0) } ?? []
    }

    /// A numeric attribute, which must be there.
    fileprivate func number(_ name: String) throws(HDF5Error) -> Double {
        switch try attribute(name) {
        case .integer(let value): return Double(value)
        case .number(let value): return value
        case .text, .texts, nil:
            throw HDF5Error(.notFound, "expected a numeric attribute \(name)", path: file.path, object: path)
        }
    }
}
