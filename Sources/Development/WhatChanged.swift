import Sampling

extension Analysis {
    /// What is new against an earlier analysis of the same run, in one line: checkpoints, the last λ̂, boundaries that came,
    /// moved or went.
    ///
    /// A boundary is the same one where the 95 % intervals meet, and it moved where its place left the other's 50 % interval.
    public func news(since earlier: Analysis?) -> String {
        let unit = measurements.axis.rawValue
        let before = Set(earlier?.measurements.checkpoints.map(\.step) ?? [])
        let new = measurements.checkpoints.filter { !before.contains($0.step) }.map(\.step)
        let gone = before.subtracting(measurements.checkpoints.map(\.step)).count
        let count = measurements.checkpoints.count
        var parts = ["\(count) checkpoint\(count == 1 ? "" : "s")"]
        if earlier != nil {
            let named = new.suffix(3).map { Format.step($0) }.joined(separator: ", ")
            if !new.isEmpty { parts[0] += " (new: \(new.count > 3 ? "\(new.count), up to " : "")\(named))" }
            if gone > 0 { parts.append("\(gone) gone") }
            if new.isEmpty, gone == 0 { parts.append("some measured again") }
        }
        if let last = measurements.checkpoints.last {
            if let llc = last.llc, let value = llc.value {
                let estimate = Format.estimate(Estimate(value: value, standardError: llc.standardError ?? 0))
                let quality = llc.isUsable ? (llc.concerns.isEmpty ? "" : " (doubtful)") : " (unusable)"
                parts.append("\(unit) \(Format.step(last.step)): λ̂ \(estimate)\(quality)")
            } else if let loss = last.loss {
                parts.append("\(unit) \(Format.step(last.step)): loss \(Format.value(loss))")
            }
        }
        return (parts + boundaryNews(since: earlier?.stages?.boundaries ?? [])).joined(separator: "; ")
    }

    private func boundaryNews(since earlier: [Boundary]) -> [String] {
        let boundaries = stages?.boundaries ?? []
        func place(_ boundary: Boundary) -> String {
            let support = boundary.support.map { ", support \(Format.value($0, significantDigits: 2))" } ?? ""
            return
                "\(Format.step(boundary.step, in: boundary.interval)) \(Format.interval(boundary.interval))\(support)"
        }
        var news: [String] = []
        for boundary in boundaries {
            guard let old = earlier.first(where: { $0.interval.overlaps(boundary.interval) }) else {
                news.append("a boundary at \(place(boundary)) is new")
                continue
            }
            if !old.innerInterval.contains(boundary.step) {
                news.append("the boundary at \(Format.step(old.step)) moved to \(place(boundary))")
            }
        }
        for old in earlier where !boundaries.contains(where: { $0.interval.overlaps(old.interval) }) {
            news.append("the boundary at \(Format.step(old.step)) is gone")
        }
        return news
    }
}
