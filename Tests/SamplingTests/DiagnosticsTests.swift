import Foundation
import Sampling
import TestSupport
import Testing

struct DiagnosticsTests {
    struct Reference: Sendable {
        var rHat: Double?
        var bulk: Double, tail: Double, mean: Double, error: Double
    }

    /// Sums of another order than NumPy's: a few hundred roundings, far below the nine digits asked for.
    static let tolerance = Tolerance.relative(1e-9)

    func check(_ draws: [[Double]], _ reference: Reference) throws {
        if let rHat = reference.rHat {
            #expect(Self.tolerance.accepts(try #require(Diagnostics.rHat(draws)), rHat))
        } else {
            #expect(Diagnostics.rHat(draws) == nil)
        }
        #expect(Self.tolerance.accepts(try #require(Diagnostics.bulkESS(draws)), reference.bulk))
        #expect(Self.tolerance.accepts(try #require(Diagnostics.tailESS(draws)), reference.tail))
        #expect(Self.tolerance.accepts(try #require(Diagnostics.meanESS(draws)), reference.mean))
        #expect(Self.tolerance.accepts(try #require(Diagnostics.meanMCSE(draws)), reference.error))
    }

    /// y ← ¾y + u with u from a linear congruential generator, 51 draws: an odd count.
    static func autoregression(chains: Int) -> [[Double]] {
        (0..<chains).map { chain in
            var state = 12345 + 678 * chain
            var value = 0.0
            return (0..<51).map { _ in
                state = (1_103_515_245 * state + 12345) % 2_147_483_648
                value = 0.75 * value + (Double(state) / 2_147_483_648 - 0.5)
                return value
            }
        }
    }

    // Numbers of ArviZ 0.23.4 (arviz.stats.diagnostics) on the same series.
    @Test func `an autoregression has ArviZ's numbers`() throws {
        try check(
            Self.autoregression(chains: 3),
            Reference(
                rHat: 1.0379109280059748, bulk: 40.77764475411829, tail: 107.98827684677237,
                mean: 39.11364002490551, error: 0.06387894979606273))
    }

    @Test func `one chain has ArviZ's numbers and no R-hat`() throws {
        try check(
            Self.autoregression(chains: 1),
            Reference(
                rHat: nil, bulk: 12.555840075559992, tail: 22.061418990469466, mean: 11.715962434384195,
                error: 0.10453875091997258))
    }

    @Test func `ties share their ranks as in ArviZ`() throws {
        try check(
            Self.autoregression(chains: 3).map { $0.map { (4 * $0).rounded(.down) } },
            Reference(
                rHat: 1.0348676061564337, bulk: 42.70401624646494, tail: 92.4165974948938, mean: 41.90806264213149,
                error: 0.25540954854025183))
    }

    @Test func `an antithetic series has ArviZ's capped sizes`() throws {
        let draws = (0..<2).map { chain in
            (0..<40).map { draw -> Double in
                let size = 1 + 0.01 * Double((7 * draw + 3 * chain) % 5)
                return draw % 2 == 0 ? size : -size
            }
        }
        try check(
            draws,
            Reference(
                rHat: 0.9746794344808963, bulk: 152.24719895935547, tail: 80, mean: 152.24719895935547,
                error: 0.08319528292709168))
    }

    @Test func `the shared reference series has ArviZ's numbers`() throws {
        guard let url = Fixture.sharedData("arviz/x.npy") else { return }
        try check(
            try readNumPy(url),
            Reference(
                rHat: 1.0555740692820488, bulk: 56.04651027113502, tail: 523.7442281751315, mean: 56.628580288108154,
                error: 0.13680584449830324))
    }

    @Test func `what cannot be computed is nil`() {
        #expect(Diagnostics.rHat([]) == nil)
        #expect(Diagnostics.rHat([[1, 2, 3], [1, 2, 3]]) == nil)
        #expect(Diagnostics.meanMCSE([[1, 2, .nan, 4]]) == nil)
        #expect(Diagnostics.bulkESS([[1, 2, 3, 4], [1, 2, 3]]) == nil)
        #expect(Diagnostics.rHat([[1, 1, 1, 1], [1, 1, 1, 1]]) == nil)
        #expect(Diagnostics.meanESS([[1, 1, 1, 1], [1, 1, 1, 1]]) == 8)
    }

    /// A little-endian float64 array of two axes in NumPy's format 1.0.
    private func readNumPy(_ url: URL) throws -> [[Double]] {
        let data = try Data(contentsOf: url)
        let headerSize = Int(data[8]) | Int(data[9]) << 8
        let header = String(decoding: data[10..<10 + headerSize], as: UTF8.self)
        let extents = try #require(header.firstMatch(of: /'shape': \((\d+), (\d+)\)/))
        try #require(header.contains("<f8") && header.contains("'fortran_order': False"))
        let columns = try #require(Int(extents.2))
        let values = data[(10 + headerSize)...].withUnsafeBytes { bytes in
            (0..<bytes.count / 8).map {
                Double(bitPattern: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)))
            }
        }
        return stride(from: 0, to: values.count, by: columns).map { Array(values[$0..<$0 + columns]) }
    }
}
