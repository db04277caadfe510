import CKernels
import Foundation
import Testing

/// The float functions of transcendental.h against the C library in Double.
@Suite struct TranscendentalTests {
    /// A function that the kernels compute, by its code, with its reference.
    struct Function: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let code: Int32
        let reference: @Sendable (Double) -> Double
    }

    static let functions = [
        Function(testDescription: "exp", code: INSTAR_EXPONENTIAL, reference: { exp($0) }),
        Function(testDescription: "erf", code: INSTAR_ERROR_FUNCTION, reference: { erf($0) }),
        Function(testDescription: "tanh", code: INSTAR_TANH, reference: { tanh($0) }),
    ]

    /// Every 10,007th bit pattern (an odd step, so that all low bits occur): normal, subnormal, infinite and not a number.
    @Test(arguments: functions) func `errors are below two units in the last place`(function: Function) {
        let x = stride(from: UInt32(0), to: .max - 10_007, by: 10_007).map { Float(bitPattern: $0) }
        let y = values(of: function, at: x)
        let errors = zip(x, y).map { x, y in error(y, function.reference(Double(x))) }
        #expect((errors.max() ?? .infinity) < 2)
    }

    @Test(arguments: functions) func `limits and special values are exact`(function: Function) {
        let x: [Float] = [0, -0.0, .infinity, -.infinity, 1e30, -1e30]
        #expect(values(of: function, at: x) == x.map { Float(function.reference(Double($0))) })
        #expect(values(of: function, at: [.nan])[0].isNaN)
    }

    private func values(of function: Function, at x: [Float]) -> [Float] {
        var y = [Float](repeating: .nan, count: x.count)
        instar_unary(INSTAR_FLOAT, function.code, x, &y, x.count)
        return y
    }

    /// The distance from the reference in units in the last place of the Float nearest to it.
    private func error(_ value: Float, _ reference: Double) -> Double {
        let nearest = Float(reference)
        if value == nearest || value.isNaN && nearest.isNaN { return 0 }
        return value.isFinite && nearest.isFinite ? abs(Double(value) - reference) / Double(nearest.ulp) : .infinity
    }
}
