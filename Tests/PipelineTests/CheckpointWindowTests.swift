import Synchronization
import Tensors
import Testing

@testable import Pipeline
@testable import Runs

/// A series of one number per checkpoint.
private struct NumberReader: CheckpointReader {
    func inventory(of path: String) throws(RunError) -> FileInventory {
        FileInventory(
            path: path,
            datasets: [.init(parts: ["w"], shape: [1], elementType: .float32, skipped: nil)], groupMarkers: [:],
            stepVectors: [:])
    }

    func stepMarkers(of path: String) throws(RunError) -> StepMarkers { StepMarkers() }

    func tensors(at reference: CheckpointReference) throws(RunError) -> [NamedTensor] {
        [NamedTensor(name: "w", tensor: Tensor([Float(reference.step)], shape: [1]))]
    }
}

@Suite struct CheckpointWindowTests {
    @Test(arguments: [1, 2, 7, 40]) func `each checkpoint is read once by any number of workers`(jobs: Int) async throws
    {
        let reader = CountingReader(NumberReader())
        let series = try CheckpointSeries(files: (0..<30).map { "step_\($0).h5" }, reader: reader)
        // Every second one: the two before are those that were chosen.
        let selection = Array(stride(from: 0, to: 30, by: 2))
        let window = CheckpointWindow(series: series, selection: selection, workerCount: jobs)
        let steps = try await concurrentMap(Array(selection.indices), jobs: jobs, span: jobs) { place in
            try await window.entries(upTo: place).get().map(\.checkpoint.step)
        }
        for (place, steps) in steps.enumerated() {
            #expect(steps == (max(0, place - 2)...place).map { 2 * $0 })
        }
        #expect(reader.counts == Dictionary(uniqueKeysWithValues: selection.map { ("step_\($0).h5", 1) }))
    }

    @Test func `no item is begun far ahead of one that is not done`() async throws {
        let unfinished = Mutex<Set<Int>>([])
        let widest = Mutex(0)
        let results = try await concurrentMap(Array(0..<60), jobs: 4, span: 6) { item in
            unfinished.withLock { _ = $0.insert(item) }
            let first = unfinished.withLock { $0.min() ?? item }
            widest.withLock { $0 = max($0, item - first) }
            // The first of every ten takes its time.
            if item % 10 == 0 { try await Task.sleep(for: .milliseconds(3)) }
            unfinished.withLock { _ = $0.remove(item) }
            return item
        }
        #expect(results == Array(0..<60))
        #expect(widest.withLock { $0 } < 6)
    }
}
