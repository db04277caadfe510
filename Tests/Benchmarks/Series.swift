import ArgumentParser
import Foundation
import HDF5
import Sampling
import Tensors

/// Makes up a run of any length and size, without a model, to measure what long series take.
struct Series: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a run directory of any number of checkpoints of any size.",
        discussion: """
            The weights are a random walk whose steps shrink as training goes on, in float32: an embedding with a quarter of \
            them, and square matrices with a bias each. The same numbers give the same bytes.
            """)

    @Argument(help: "The run directory; checkpoints that are there are replaced.")
    var folder: String

    @Option(help: "How many checkpoints.")
    var checkpoints = 100

    @Option(help: "Numbers in each of them, about.")
    var parameters = 50_000

    @Option(help: "Side of the square matrices.")
    var width = 64

    func validate() throws {
        guard checkpoints > 0, width > 0, parameters >= 8 * width * width else {
            throw ValidationError("expected at least one checkpoint of at least 8 matrices of width × width")
        }
    }

    func run() throws {
        try FileManager.default.createDirectory(atPath: "\(folder)/checkpoints", withIntermediateDirectories: true)
        let layers = parameters * 3 / 4 / (width * width + width)
        let rows = (parameters - layers * (width * width + width)) / width
        let shapes: [(name: String, shape: Shape)] =
            [("embedding", [rows, width])]
            + (0..<layers).flatMap { layer -> [(name: String, shape: Shape)] in
                [("blocks.\(layer).bias", [width]), ("blocks.\(layer).weight", [width, width])]
            }
        let random = RandomStream(seed: 1, trainingStep: 0, chain: 0, purpose: .projection)
        var tensors = shapes.map { [Float](repeating: 0, count: $0.shape.elementCount) }
        var increments: [Float] = []
        for checkpoint in 0..<checkpoints {
            let scale = 1 / Float(width * (checkpoint + 1)).squareRoot()
            for (place, (_, shape)) in shapes.enumerated() {
                increments = [Float](repeating: 0, count: shape.elementCount)
                random.fillNormals(&increments, row: checkpoint * shapes.count + place)
                for index in increments.indices { tensors[place][index] += scale * increments[index] }
            }
            let step = String(checkpoint * 10)
            let digits = String(repeating: "0", count: max(0, 9 - step.count)) + step
            try HDF5File.writeAtomically(to: "\(folder)/checkpoints/step_\(digits).h5") { root throws(HDF5Error) in
                for (place, (name, shape)) in shapes.enumerated() {
                    try root.write(name, Tensor(tensors[place], shape: shape))
                }
            }
        }
        print("\(checkpoints) checkpoints of \(shapes.reduce(0) { $0 + $1.shape.elementCount }) numbers: \(folder)")
    }
}
