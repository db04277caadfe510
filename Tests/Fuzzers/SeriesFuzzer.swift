import Foundation
import Runs

/// Reads the bytes as a table of columns and as JSON lines.
func fuzzSeries(_ bytes: [UInt8]) {
    for suffix in ["csv", "jsonl"] {
        let url = FileManager.default.temporaryDirectory.appending(path: "fuzzed-\(getpid()).\(suffix)")
        guard (try? Data(bytes).write(to: url)) != nil else { return }
        _ = try? SeriesFile(at: url.path())
        _ = try? MetricSeries.read(url.path(), axis: .step)
    }
}
