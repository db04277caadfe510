/// What a training step can be: the one rule for all that is read.
package enum TrainingStep {
    /// The greatest: the doubles log(t + 1) of neighbouring whole numbers differ up to here.
    package static let greatest = 100_000_000_000_000

    /// Whether a step is one that Double, in which curves are drawn and fitted, tells from its neighbours with room to spare.
    package static func isPossible(_ step: Int) -> Bool { 0...greatest ~= step }

    /// Whether all are possible, and each is greater than the one before.
    package static func ascend(_ steps: [Int]) -> Bool {
        steps.allSatisfy(isPossible) && zip(steps, steps.dropFirst()).allSatisfy { $0 < $1 }
    }
}
