import Foundation

/// Two solutions of one run that fit the training examples alike and do not generalise alike, and whether λ̂ tells
/// them apart.
///
/// Models that memorise and models that generalise can have the same training loss; singular learning theory says that
/// the learning coefficient differs. `init(steps:…)` states which checkpoints are taken for either.
public struct EqualLossPair: Sendable, Codable, Equatable {
    /// Neighbouring checkpoints that show one solution.
    public struct Group: Sendable, Codable, Equatable {
        /// Their steps, ascending.
        public var steps: [Int]
        /// The mean training loss; its error is that of a mean of values that scatter as these do, 0 for one value.
        public var trainingLoss: Estimate
        /// The mean held-out loss, with the same error.
        public var heldOutLoss: Estimate
        /// The mean λ̂. Its error is the larger of what the checkpoints' errors give for a mean of independent
        /// estimates and what their scatter gives.
        public var llc: Estimate

        /// Creates a group.
        public init(steps: [Int], trainingLoss: Estimate, heldOutLoss: Estimate, llc: Estimate) {
            self.steps = steps
            self.trainingLoss = trainingLoss
            self.heldOutLoss = heldOutLoss
            self.llc = llc
        }
    }

    /// The group of larger held-out loss.
    public var memorising: Group
    /// The group of smaller held-out loss.
    public var generalising: Group
    /// λ̂ of the generalising group less that of the memorising one.
    public var llcDifference: Estimate
    /// The difference in standard errors; nil when the error is 0, which is unknown.
    public var z: Double?
    /// The chance of a difference this large, of either sign, between equal λ, for normal errors; nil like `z`.
    public var pValue: Double?
    /// The smallest true difference that this error would have shown at the 5 % level in four cases of five:
    /// (1.960 + 0.842) standard errors. Nil like `z`.
    public var smallestVisibleDifference: Double?
    /// The trade from memorising to generalising.
    public var trade: FreeEnergyTrade

    /// Whether λ̂ differs beyond its errors, p < 0.05.
    public var isBeyondErrors: Bool { pValue.map { $0 < 0.05 } ?? false }

    /// Whether the difference is beyond the errors, in words.
    public var judgement: String {
        pValue == nil ? "with errors that are not known" : isBeyondErrors ? "beyond the errors" : "within the errors"
    }

    /// Checkpoints have learnt the training examples when their loss has gone at least this share of the way from the
    /// first checkpoint's to the lowest.
    public static let learntShare = 0.95
    /// Training losses are nearly the same within this factor: λ̂ of an entropy goes with the margin, so that being small
    /// alone does not make two of them alike.
    public static let lossFactor = 2.0
    /// The two held-out losses must differ by this share of the held-out loss's range over the run.
    public static let heldOutShare = 0.25
    /// Neighbours belong to a group while their held-out loss is within this share of the two groups' difference.
    public static let plateauShare = 0.1
    /// A group reaches this many checkpoints to either side of its middle.
    public static let reach = 2

    /// Looks for two solutions of nearly the same training loss and the most different held-out loss.
    ///
    /// Candidates are the checkpoints with all numbers known whose training loss has gone 95 % of the way from the
    /// first to the lowest. A single checkpoint may be a spike, so held-out losses are judged by the median of three
    /// neighbouring candidates. The middle of the generalising group is the candidate where that is smallest; only
    /// candidates whose training loss is within a factor of two of its own stay, and of these the one where it is largest
    /// is the middle of the memorising group. Groups take up to two candidates on either side while their held-out loss
    /// stays within a tenth of the difference from the median.
    ///
    /// - Parameters:
    ///   - steps: Checkpoints, strictly ascending.
    ///   - trainingLosses: The training loss at each, per example; not finite where unknown.
    ///   - heldOutLosses: The held-out loss at each; not finite where unknown.
    ///   - llc: λ̂ at each; nil where unusable. An error of 0 is unknown.
    ///   - exampleCount: n, for the trade.
    /// - Returns: nil with fewer than four candidates, when the training loss never falls below the first, or when the
    ///   held-out losses differ by less than a quarter of their range over the run: then there is no such pair.
    public init?(
        steps: [Int], trainingLosses: [Double], heldOutLosses: [Double], llc: [Estimate?], exampleCount: Int
    ) {
        precondition(
            Set([steps.count, trainingLosses.count, heldOutLosses.count, llc.count]).count == 1,
            "all series have as many entries as there are steps")
        let finite = trainingLosses.filter(\.isFinite)
        let heldOut = heldOutLosses.filter(\.isFinite)
        guard let first = finite.first, let lowest = finite.min(), lowest < first,
            let largest = heldOut.max(), let smallest = heldOut.min()
        else { return nil }
        let bound = first - Self.learntShare * (first - lowest)
        let learnt = steps.indices.compactMap { index -> Candidate? in
            guard let estimate = llc[index], estimate.value.isFinite, estimate.standardError.isFinite,
                trainingLosses[index] <= bound, heldOutLosses[index].isFinite
            else { return nil }
            return Candidate(
                step: steps[index], trainingLoss: trainingLosses[index], heldOutLoss: heldOutLosses[index],
                llc: estimate)
        }
        func medians(of candidates: [Candidate]) -> [(index: Int, median: Double)] {
            candidates.indices.dropFirst().dropLast().map { index in
                (index, candidates[index - 1...index + 1].map(\.heldOutLoss).sorted()[1])
            }
        }
        guard let best = medians(of: learnt).min(by: { $0.median < $1.median }) else { return nil }
        let reference = learnt[best.index].trainingLoss
        let candidates = learnt.filter {
            $0.trainingLoss <= Self.lossFactor * reference && $0.trainingLoss >= reference / Self.lossFactor
        }
        let middles = medians(of: candidates)
        guard let high = middles.max(by: { $0.median < $1.median }),
            let low = middles.min(by: { $0.median < $1.median }),
            case let difference = high.median - low.median,
            difference > 0, difference >= Self.heldOutShare * (largest - smallest)
        else { return nil }

        func group(around middle: (index: Int, median: Double)) -> Group {
            func belongs(_ index: Int) -> Bool {
                candidates.indices.contains(index)
                    && abs(candidates[index].heldOutLoss - middle.median) <= Self.plateauShare * difference
            }
            // The middle itself may be a spike; then a neighbour has the median.
            let before = (1...Self.reach).map { middle.index - $0 }.prefix(while: belongs)
            let after = (1...Self.reach).map { middle.index + $0 }.prefix(while: belongs)
            return Group((before.reversed() + [middle.index].filter(belongs) + after).map { candidates[$0] })
        }
        let (memorising, generalising) = (group(around: high), group(around: low))
        let llcDifference = generalising.llc - memorising.llc
        guard
            let trade = FreeEnergyTrade(
                exampleCount: exampleCount, from: (memorising.trainingLoss, memorising.llc),
                to: (generalising.trainingLoss, generalising.llc))
        else { return nil }
        self.memorising = memorising
        self.generalising = generalising
        self.llcDifference = llcDifference
        self.trade = trade
        if llcDifference.standardError > 0 {
            let z = llcDifference.value / llcDifference.standardError
            self.z = z
            pValue = erfc(abs(z) / 2.0.squareRoot())
            smallestVisibleDifference = (1.959964 + 0.841621) * llcDifference.standardError
        }
    }

    fileprivate struct Candidate {
        var step: Int
        var trainingLoss: Double
        var heldOutLoss: Double
        var llc: Estimate
    }
}

extension EqualLossPair.Group {
    /// The means over at least one checkpoint.
    fileprivate init(_ members: [EqualLossPair.Candidate]) {
        let count = Double(members.count)
        func mean(_ values: [Double]) -> Estimate {
            let mean = values.reduce(0, +) / count
            let square = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            return Estimate(
                value: mean, standardError: members.count > 1 ? (square / (count * (count - 1))).squareRoot() : 0)
        }
        var llc = mean(members.map(\.llc.value))
        let known = members.reduce(0) { $0 + $1.llc.standardError * $1.llc.standardError }.squareRoot() / count
        llc.standardError = max(llc.standardError, known)
        self.init(
            steps: members.map(\.step), trainingLoss: mean(members.map(\.trainingLoss)),
            heldOutLoss: mean(members.map(\.heldOutLoss)), llc: llc)
    }
}
