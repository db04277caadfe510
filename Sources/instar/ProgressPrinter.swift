import Foundation
import Pipeline

/// Shows progress on stderr: a bar that is redrawn on a terminal, a line every ten seconds elsewhere.
struct ProgressPrinter {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let clock = ContinuousClock()

    /// Prints until the stream ends.
    func follow(_ stream: AsyncStream<WorkProgress>) async {
        var start: ContinuousClock.Instant?
        var shown: ContinuousClock.Instant?
        var last: WorkProgress?
        for await progress in stream {
            if start == nil || last?.phase != progress.phase { start = clock.now }
            last = progress
            let now = clock.now
            let interval: Duration = isTerminal ? .milliseconds(100) : .seconds(10)
            if let shown, now - shown < interval { continue }
            shown = now
            show(progress, elapsed: now - (start ?? now))
        }
        if let last, let start { show(last, elapsed: clock.now - start) }
        if isTerminal, last != nil { writeError("\n") }
    }

    private func show(_ progress: WorkProgress, elapsed: Duration) {
        let line = ProgressPrinter.line(progress, seconds: elapsed / .seconds(1), bar: isTerminal)
        writeError(isTerminal ? "\r\u{1B}[K\(line)" : "\(line)\n")
    }

    /// The line shown for one state of the work.
    static func line(_ progress: WorkProgress, seconds: Double, bar: Bool) -> String {
        let total = max(progress.drawCount, 1)
        let done = progress.drawCount > 0 ? progress.drawsDone : progress.unitsDone
        let share = min(1, Double(done) / Double(progress.drawCount > 0 ? total : max(progress.unitCount, 1)))
        var parts = ["\(progress.phase): \(progress.unitsDone)/\(progress.unitCount)"]
        if bar {
            let filled = Int(share * 24)
            parts.append("[" + String(repeating: "#", count: filled) + String(repeating: "-", count: 24 - filled) + "]")
        }
        parts.append("\(Int(share * 100)) %")
        if seconds > 0.5, progress.drawsDone > 0 {
            parts.append("\(Int(Double(progress.drawsDone) / seconds)) draws/s")
        }
        if seconds > 0.5, share > 0.01, share < 1 {
            parts.append("\(duration(seconds * (1 - share) / share)) left")
        }
        return parts.joined(separator: "  ")
    }

    private static func duration(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded(.up))
        if whole < 60 { return "\(whole) s" }
        if whole < 3_600 { return "\(whole / 60) min \(whole % 60) s" }
        return "\(whole / 3_600) h \(whole % 3_600 / 60) min"
    }
}
