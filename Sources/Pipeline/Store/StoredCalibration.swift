import Development
import Foundation
public import Sampling

/// A calibration as `calibration.json` holds it: with what it was made from.
struct StoredCalibration: Codable, Sendable, Equatable {
    /// The version of this layout.
    var version = StoredCalibration.currentVersion
    /// Digests and names of graph, examples, loss, what is sampled, and the weights at each checkpoint looked at.
    var inputs: [Entry]
    var calibration: Calibration

    private static let currentVersion = 1

    init(inputs: [Entry], calibration: Calibration) {
        self.inputs = inputs
        self.calibration = calibration
    }

    /// Reads the calibration of a folder; nil where there is none.
    static func read(in folder: String) throws(Failure) -> StoredCalibration? {
        let path = path(in: folder)
        let (expected, remedy) = ("a calibration", "Remove it, or run `instar calibrate` again")
        guard let head: Head = try readStoredJSON(path, expected: expected, remedy: remedy) else { return nil }
        guard head.version == currentVersion else {
            throw Failure(
                .unsupported,
                "\(path): is a calibration of layout \(head.version), and this version of Instar reads layout "
                    + "\(currentVersion). \(remedy)")
        }
        return try readStoredJSON(path, expected: expected, remedy: remedy)
    }

    /// What the file holds in every layout.
    private struct Head: Decodable {
        var version: Int
    }

    /// Writes it whole or not at all; the folder is there.
    func write(in folder: String) throws {
        try writeFiles([(Self.fileName, try storedJSON(self))], to: folder)
    }

    /// Throws where it was made from other inputs than there are now.
    func requireMade(from wanted: [Entry], folder: String) throws(Failure) {
        let differences = wanted.differences(from: inputs)
        guard !differences.isEmpty else { return }
        throw Failure(
            .mismatch,
            "\(Self.path(in: folder)) was made from other inputs:\n  " + differences.joined(separator: "\n  ")
                + "\nRun `instar calibrate` again, or remove the file")
    }

    private static let fileName = "calibration.json"

    static func path(in folder: String) -> String { "\(folder)/\(fileName)" }
}

/// The calibration in a folder of results; nil where there is none.
///
/// - Throws: `Failure` where the file is damaged or of another version.
public func readCalibration(in folder: String) throws -> Calibration? {
    try StoredCalibration.read(in: folder)?.calibration
}
