import Foundation

/// The sums of products of each chain with itself, lag draws later, over all chains: one for each lag from 0.
///
/// By the Fourier transform (Wiener–Khinchin), since chains that mix slowly take as many lags as they have draws. The
/// error of each sum is a few roundings of the first one for each doubling of the draws.
///
/// - Parameter chains: Axes `[chain, draw]`, equally long.
func autocovarianceSums(_ chains: [[Double]]) -> [Double] {
    let count = chains[0].count
    var length = 1
    // As many zeros as draws keep the end of a chain from meeting its beginning.
    while length < 2 * count { length *= 2 }
    let transform = FourierTransform(length: length)
    var spectrum = [Double](repeating: 0, count: length)
    for first in stride(from: 0, to: chains.count, by: 2) {
        // Two chains are one of complex numbers: what their spectra have in common is odd, and drops out below.
        let padding = [Double](repeating: 0, count: length - count)
        var real = chains[first] + padding
        var imaginary = first + 1 < chains.count ? chains[first + 1] + padding : [Double](repeating: 0, count: length)
        transform.apply(&real, &imaginary)
        for index in 0..<length {
            spectrum[index] += real[index] * real[index] + imaginary[index] * imaginary[index]
        }
    }
    var imaginary = [Double](repeating: 0, count: length)
    transform.apply(&spectrum, &imaginary)
    // The transform of real numbers: forwards and backwards have the same real part.
    return spectrum.prefix(count).map { $0 / Double(length) }
}

/// The discrete Fourier transform X(k) = Σ x(n)·exp(−2πi·kn/N) for N a power of two.
///
/// Source: Cooley and Tukey 1965, Mathematics of Computation 19, doi:10.1090/S0025-5718-1965-0178586-1.
struct FourierTransform {
    private let length: Int
    /// cos and −sin of 2πk/N for the first half of all k.
    private let cosines: [Double]
    private let sines: [Double]

    init(length: Int) {
        precondition(length > 0 && length & (length - 1) == 0)
        self.length = length
        let angles = (0..<length / 2).map { 2 * Double.pi * Double($0) / Double(length) }
        cosines = angles.map(cos)
        sines = angles.map { -sin($0) }
    }

    /// Transforms numbers in place.
    func apply(_ real: inout [Double], _ imaginary: inout [Double]) {
        var mirrored = 0
        for index in 0..<length {
            if index < mirrored {
                real.swapAt(index, mirrored)
                imaginary.swapAt(index, mirrored)
            }
            // The next index with its bits in reverse: a carry that runs from the highest bit down.
            var bit = length / 2
            while bit > 0, mirrored & bit != 0 {
                mirrored ^= bit
                bit /= 2
            }
            mirrored |= bit
        }
        var half = 1
        while half < length {
            let step = length / (2 * half)
            for start in stride(from: 0, to: length, by: 2 * half) {
                for offset in 0..<half {
                    let (cosine, sine) = (cosines[offset * step], sines[offset * step])
                    let (even, odd) = (start + offset, start + offset + half)
                    let turnedReal = real[odd] * cosine - imaginary[odd] * sine
                    let turnedImaginary = real[odd] * sine + imaginary[odd] * cosine
                    (real[odd], imaginary[odd]) = (real[even] - turnedReal, imaginary[even] - turnedImaginary)
                    (real[even], imaginary[even]) = (real[even] + turnedReal, imaginary[even] + turnedImaginary)
                }
            }
            half *= 2
        }
    }
}
