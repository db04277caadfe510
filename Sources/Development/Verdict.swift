extension Analysis {
    /// What was found, in a few sentences for a reader who reads nothing else; the most important first.
    public var verdict: [String] {
        var sentences: [String] = []
        let unit = measurements.axis.rawValue
        if let stages {
            let finding = stages.verdict(unit: unit)
            let isProvisional = measurements.isMostlyDoubtful(within: 0...Double.infinity)
            sentences.append(
                isProvisional ? "Provisional: \(finding.prefix(1).lowercased())\(finding.dropFirst())" : finding)
            sentences += measurements.doubt.map { [$0] } ?? []
            sentences += measurements.doubt(of: stages.boundaries).map { [$0] } ?? []
            sentences += stages.stages.enumerated().compactMap { index, stage in
                stages.stages.count > 1 ? "Stage \(index + 1): \(stage.verdict(unit: unit))" : nil
            }
        } else if measurements.checkpoints.contains(where: { $0.llc != nil }) {
            sentences.append(
                "Stages cannot be told: only \(measurements.usablePoints.count) checkpoints have a usable LLC, and "
                    + "at least \(BoundarySearch.minimumPointCount) are needed.")
            sentences += measurements.doubt.map { [$0] } ?? []
        } else {
            sentences.append("The LLC was not measured, so no stages were looked for.")
        }
        let warnings = advisories.filter { $0.severity == .warning }.count
        if warnings > 0 {
            sentences.append(
                warnings == 1
                    ? "One warning bears on this; see below." : "\(warnings) warnings bear on this; see below.")
        }
        return sentences
    }
}

extension Comparison {
    /// What the comparison shows, in a few sentences; one per run, then what their boundaries have in common.
    public var verdict: [String] {
        var sentences = zip(runNames, analyses).map { name, analysis in
            "\(name): \(analysis.verdict[0])"
        }
        if let boundaryRatios {
            for (name, ratios) in zip(runNames, boundaryRatios).dropFirst() {
                let listing = ratios.map { Format.value($0) }.joined(separator: ", ")
                let subject = ratios.count == 1 ? "The boundary of \(name) lies" : "The boundaries of \(name) lie"
                sentences.append("\(subject) at \(listing) times the steps of those of \(runNames[0]).")
            }
        }
        if !levelsAreComparable {
            sentences.append("Heights of the LLC cannot be compared: it was measured under different conditions.")
        }
        return sentences
    }
}

extension Measurements {
    /// How many estimates are doubtful or unusable; nil when none is.
    fileprivate var doubt: String? {
        let measured = checkpoints.filter { $0.llc != nil }.count
        let findings = [("doubtful", doubtfulSteps.count), ("unusable", unusableSteps.count)].filter { $0.1 > 0 }
        guard let first = findings.first else { return nil }
        return "λ̂ is \(first.0) at \(first.1) of \(measured) checkpoints"
            + findings.dropFirst().map { " and \($0.0) at \($0.1)" }.joined() + "."
    }

    /// The boundaries that no sound estimate stands behind; nil when there are none.
    fileprivate func doubt(of boundaries: [Boundary]) -> String? {
        let steps = usablePoints.map(\.step)
        let doubtful = Set(doubtfulSteps)
        let weak = boundaries.filter {
            doubtful.isSuperset(of: StageFinding.checkpoints(behind: $0.interval, of: steps))
        }
        guard !weak.isEmpty else { return nil }
        let places = Format.list(weak.map { "\(axis.rawValue) \(Format.step($0.step))" })
        return weak.count == 1
            ? "The boundary at \(places) rests on doubtful estimates only."
            : "The boundaries at \(places) rest on doubtful estimates only."
    }
}

extension StageFinding {
    /// Number of stages and every boundary with interval and support, or that there is none.
    fileprivate func verdict(unit: String) -> String {
        guard !boundaries.isEmpty else {
            let candidate = search.rejected.max { $0.support < $1.support }.map {
                " The best candidate, \(unit) \(Format.step($0.step)), is in \(Format.share($0.support)) of the "
                    + "posterior draws; \(Format.share(search.supportThreshold)) are needed."
            }
            let gap = search.unresolved.isEmpty ? "" : " Gaps between checkpoints may hide one."
            return "No stage boundary found: the LLC is not seen to come to rest between two places where it changes."
                + (candidate ?? "") + gap
        }
        let places = boundaries.map {
            "\(unit) \(Format.step($0.step)) (95 % interval \(Format.interval($0.interval)), "
                + "support \(Format.value($0.support)))"
        }
        return "\(Format.count(stages.count, "stage")). "
            + (places.count == 1 ? "Boundary at " : "Boundaries at ") + Format.list(places) + "."
    }
}

extension Stage {
    /// From where to where, and what loss and LLC do.
    fileprivate func verdict(unit: String) -> String {
        let loss = lossChange.map { "the loss changes by \(Format.change($0)), " } ?? ""
        let type = kind == .lossFallsComplexityRises || kind == .lossFallsComplexityFalls ? "type \(kind.symbol): " : ""
        let meaning = kind == .undecided ? "" : " (\(type)\(kind.meaning))"
        return "from \(unit) \(Format.step(start)) to \(Format.step(end)) "
            + "\(loss)the LLC by \(Format.change(llcChange))\(meaning)."
    }
}
