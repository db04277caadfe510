import Foundation
import HDF5
import Sampling

/// What of a stored unit tells whether it is finished: read without its vectors.
struct UnitHeader: Sendable {
    /// Draws of a chain, burn-in included; 0 for a survey.
    let drawCount: Int
    let hasDiverged: Bool
    /// What a survey is reused by, and the digest of its weights; nil for a chain.
    var survey: (key: String, weights: String)?

    /// Reads a unit's file; nil where there is none.
    static func read(_ path: String, isChain: Bool) throws(Failure) -> UnitHeader? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        return try readingUnit(path) { () throws(HDF5Error) in
            let root = try HDF5File(reading: path).root()
            guard isChain else {
                let key = try root.requiredText("key")
                // One of another version is taken again.
                guard case .text(let weights) = try root.attribute("weights_digest") else {
                    return UnitHeader(drawCount: -1, hasDiverged: false)
                }
                return UnitHeader(drawCount: 0, hasDiverged: false, survey: (key, weights))
            }
            return UnitHeader(
                drawCount: try ChainTrace.lengths(in: root)[0],
                hasDiverged: try root.attribute("diverged_at_draw") != nil)
        }
    }

    /// Whether nothing is left to be done of a unit that is to have so many draws.
    func isFinished(drawCount wanted: Int) -> Bool { hasDiverged || drawCount >= wanted }
}
