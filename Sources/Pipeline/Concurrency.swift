/// Maps items to results with at most `jobs` at work at once; results keep the order of the items.
///
/// The first error cancels the rest and is thrown once all have stopped.
///
/// - Parameter span: An item is begun only when all that lie `span` or more before it are done.
func concurrentMap<Item: Sendable, Result: Sendable>(
    _ items: [Item], jobs: Int, span: Int = .max, _ transform: @escaping @Sendable (Item) async throws -> Result
) async throws -> [Result] {
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
        var results = [Result?](repeating: nil, count: items.count)
        var (next, atWork, firstUndone) = (0, 0, 0)
        func start() {
            while atWork < jobs, next < items.count, next - firstUndone < span {
                let place = next
                next += 1
                atWork += 1
                group.addTask { (place, try await transform(items[place])) }
            }
        }
        start()
        while let (place, result) = try await group.next() {
            results[place] = result
            atWork -= 1
            while firstUndone < next, results[firstUndone] != nil { firstUndone += 1 }
            start()
        }
        return results.compactMap(\.self)
    }
}
