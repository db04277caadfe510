import Foundation

/// A made-up LLC series whose boundaries are known: plateaus joined by smooth rises and falls in log(t + 1).
public struct PlantedSignal: Sendable {
    /// A change from one plateau to the next: height·σ(rate·(x − center)), x = log(t + 1).
    public struct Change: Sendable {
        /// Where it is half done, in x.
        public var center: Double
        /// How fast it is, per x.
        public var rate: Double
        /// How far it goes; negative for a fall.
        public var height: Double
        /// Creates a change.
        public init(center: Double, rate: Double, height: Double) {
            self.center = center
            self.rate = rate
            self.height = height
        }
    }

    /// The changes, in order.
    public var changes: [Change]

    /// Creates a signal.
    public init(_ changes: [Change]) { self.changes = changes }

    /// The curve without noise at a step.
    public func value(at step: Double) -> Double {
        changes.reduce(0) { $0 + $1.height / (1 + exp(-$1.rate * (log1p(step) - $1.center))) }
    }

    /// The derivative over x = log(t + 1).
    public func slope(atLog x: Double) -> Double {
        changes.reduce(0) { sum, change in
            let share = 1 / (1 + exp(-change.rate * (x - change.center)))
            return sum + change.height * change.rate * share * (1 - share)
        }
    }

    /// The steps at which |slope| has a local minimum between the first and the last change.
    public var boundaries: [Double] {
        let (first, last) = (changes.first?.center ?? 0, changes.last?.center ?? 0)
        let grid = (0...20_000).map { first + (last - first) * Double($0) / 20_000 }
        let speeds = grid.map { abs(slope(atLog: $0)) }
        return (1..<20_000).filter { speeds[$0] < speeds[$0 - 1] && speeds[$0] <= speeds[$0 + 1] }.map {
            expm1(grid[$0])
        }
    }
}

/// Step 0 and about `count` steps evenly spaced in log(t + 1) up to `last`, without repetition.
public func logSpacedSteps(count: Int, last: Int) -> [Int] {
    var steps = [0]
    for index in 0..<count {
        let step = Int(expm1(log1p(Double(last)) * Double(index + 1) / Double(count)).rounded())
        if step > steps[steps.count - 1] { steps.append(step) }
    }
    return steps
}

/// Repeatable standard normals for tests: SplitMix64 and the Box–Muller transform.
public struct RepeatableNormals: Sendable {
    private var state: UInt64

    /// Creates a source; equal seeds give equal numbers.
    public init(seed: UInt64) { state = seed }

    /// The next number.
    public mutating func next() -> Double {
        let radius = (-2 * log(1 - uniform())).squareRoot()
        return radius * cos(2 * .pi * uniform())
    }

    private mutating func uniform() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((word ^ (word >> 31)) >> 11) * 0x1p-53
    }
}
