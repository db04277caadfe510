import Foundation
import HDF5
import Tensors
import TestSupport
import Testing

@testable import Pipeline

/// A copy of a shipped run in a folder of its own, to be measured or damaged; it goes away with the test.
final class RunCopy {
    let path: String

    init(of name: String = "tms-seed-A") throws {
        path = NSTemporaryDirectory() + "instar-run-" + UUID().uuidString
        try FileManager.default.copyItem(atPath: Fixture.url("runs/\(name)").path, toPath: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The examples file, rewritten with other datasets.
    func rewriteExamples(_ datasets: [(name: String, tensor: Tensor)]) throws {
        try HDF5File.writeAtomically(to: "\(path)/data.h5") { root throws(HDF5Error) in
            for (name, tensor) in datasets { try root.write(name, tensor) }
        }
    }

    /// The manifest, replaced.
    func rewriteManifest(_ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/run.yaml"))
    }

    /// Options that measure a few checkpoints in a moment.
    var quick: MeasureOptions {
        var options = MeasureOptions()
        options.every = 12
        options.sampling.drawCount = 20
        options.sampling.burnInCount = 8
        options.sampling.batchSize = 50
        options.sampling.stepSize = 1e-4
        options.sampling.localization = 1
        return options
    }
}

/// The failure that `body` must throw.
func failure(_ body: () async throws -> Void) async throws -> Failure {
    do {
        try await body()
    } catch {
        return Failure(wrapping: error)
    }
    Issue.record("expected a failure")
    return Failure(.defect, "nothing was thrown")
}
