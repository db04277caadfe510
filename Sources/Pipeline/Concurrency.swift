/// Maps items to results with at most `jobs` at work at once; results keep the order of the items.
///
/// The first error cancels the rest and is thrown once all have stopped.
func concurrentMap<Item: Sendable, Result: Sendable>(
    _ items: [Item], jobs: Int, _ transform: @escaping @Sendable (Item) async throws -> Result
) async throws -> [Result] {
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
        var results = [Result?](repeating: nil, count: items.count)
        var next = 0
        func start() {
            guard next < items.count else { return }
            let place = next
            next += 1
            group.addTask { (place, try await transform(items[place])) }
        }
        for _ in 0..<jobs { start() }
        while let (place, result) = try await group.next() {
            results[place] = result
            start()
        }
        return results.compactMap(\.self)
    }
}
