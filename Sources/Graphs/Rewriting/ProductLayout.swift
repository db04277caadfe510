import Tensors

/// A product over strided storage: loops around one matrix product, Y = A·B with A `[rows, inner]`, B `[inner, columns]`.
struct ProductLayout: Sendable, Equatable {
    /// The distance from one index to the next in each of the three storages; 0 where an operand is repeated.
    struct Strides: Equatable {
        var a = Dimension(0)
        var b = Dimension(0)
        var y = Dimension(0)
    }

    /// An axis of the product.
    struct Axis: Equatable {
        var extent = Dimension(1)
        var strides = Strides()
    }

    private(set) var loops: [Axis] = []
    private(set) var rows: Axis
    private(set) var columns: Axis
    private(set) var inner: Axis
    /// Whether A and B have changed places, because the storage of Y is that of Yᵀ = Bᵀ·Aᵀ.
    private(set) var isSwapped = false

    /// Finds the product of views whose last two axes are the matrices' and whose others broadcast.
    ///
    /// Nil where no plain matrix product with a leading dimension does it.
    init?(a: StridedView, b: StridedView, y: StridedView) {
        let (a, b, y) = (a.axes, b.axes, y.axes)
        guard a.count >= 2, b.count >= 2, y.count >= 2,
            let rows = ProductLayout.align(a[a.count - 2], nil, y[y.count - 2]),
            let columns = ProductLayout.align(nil, b[b.count - 1], y[y.count - 1]),
            var inner = ProductLayout.align(a[a.count - 1], b[b.count - 2], nil)
        else { return nil }
        for fromEnd in 3...max(3, y.count) where fromEnd <= y.count {
            let runs = y[y.count - fromEnd]
            guard
                let axes = ProductLayout.align(
                    ProductLayout.axis(a, fromEnd: fromEnd), ProductLayout.axis(b, fromEnd: fromEnd), runs)
            else { return nil }
            loops += axes
        }
        while inner.count > 1, inner[0].isContinued(by: inner[1]) { inner[0].extend(inner.remove(at: 1)) }
        guard inner.count <= 1 else { return nil }
        self.inner = inner.first ?? Axis(strides: Strides(a: Dimension(1), b: Dimension(1)))
        self.rows = rows.first ?? Axis(strides: Strides(a: Dimension(1), y: Dimension(1)))
        self.columns = columns.first ?? Axis(strides: Strides(b: Dimension(1), y: Dimension(1)))
        loops += rows.dropFirst() + columns.dropFirst()
        mergeLoops()
        if !isRowMajor(self.columns, \.y, self.rows) {
            guard isRowMajor(self.rows, \.y, self.columns) else { return nil }
            swapOperands()
        }
        guard isMatrix(self.rows, self.inner, \.a), isMatrix(self.inner, self.columns, \.b) else { return nil }
    }

    /// Whether a gradient of A, or of B, is written at every place exactly once.
    func writesOnce(_ operand: KeyPath<Strides, Dimension>) -> Bool {
        loops.allSatisfy { $0.strides[keyPath: operand] != Dimension(0) }
    }

    private static func axis(_ axes: [[StridedView.Run]], fromEnd: Int) -> [StridedView.Run]? {
        guard fromEnd <= axes.count else { return nil }
        let runs = axes[axes.count - fromEnd]
        return runs.isEmpty ? nil : runs
    }

    /// Runs of the same axis in several storages, innermost first, cut so that they have the same extents everywhere.
    private static func align(
        _ a: [StridedView.Run]?, _ b: [StridedView.Run]?, _ y: [StridedView.Run]?
    ) -> [Axis]? {
        var lists = [a, b, y]
        var result: [Axis] = []
        while true {
            let extents = lists.compactMap { $0?.last?.extent }
            guard !extents.isEmpty else { break }
            // Storages that still have runs must all have some; the shortest run divides the others.
            guard lists.allSatisfy({ $0.map { !$0.isEmpty } ?? true }),
                let shortest = extents.first(where: { candidate in
                    extents.allSatisfy { $0.dividedExactly(by: candidate) != nil }
                })
            else { return nil }
            var strides = [Dimension](repeating: Dimension(0), count: lists.count)
            for index in lists.indices {
                guard let run = lists[index]?.popLast() else { continue }
                strides[index] = run.stride
                guard let outer = run.extent.dividedExactly(by: shortest), let stride = run.stride.times(shortest)
                else { return nil }
                if outer != Dimension(1) { lists[index]?.append(StridedView.Run(extent: outer, stride: stride)) }
            }
            result.append(Axis(extent: shortest, strides: Strides(a: strides[0], b: strides[1], y: strides[2])))
        }
        return result
    }

    /// Takes loops into the rows or columns wherever the strides go on evenly: fewer and larger products.
    private mutating func mergeLoops() {
        var isChanged = true
        while isChanged {
            isChanged = false
            for index in loops.indices {
                if rows.isContinued(by: loops[index]) {
                    rows.extend(loops.remove(at: index))
                } else if columns.isContinued(by: loops[index]) {
                    columns.extend(loops.remove(at: index))
                } else {
                    continue
                }
                isChanged = true
                break
            }
        }
    }

    private mutating func swapOperands() {
        isSwapped = true
        (rows, columns) = (columns.swapped, rows.swapped)
        inner = inner.swapped
        loops = loops.map(\.swapped)
    }

    private func isRowMajor(_ last: Axis, _ operand: KeyPath<Strides, Dimension>, _ other: Axis) -> Bool {
        last.strides[keyPath: operand] == Dimension(1) || last.extent == Dimension(1)
    }

    private func isMatrix(_ first: Axis, _ second: Axis, _ operand: KeyPath<Strides, Dimension>) -> Bool {
        isRowMajor(second, operand, first) || isRowMajor(first, operand, second)
    }
}

extension ProductLayout.Axis {
    /// Whether `outer` goes on where this axis ends, in all three storages.
    fileprivate func isContinued(by outer: ProductLayout.Axis) -> Bool {
        func goesOn(_ operand: KeyPath<ProductLayout.Strides, Dimension>) -> Bool {
            strides[keyPath: operand].times(extent) == outer.strides[keyPath: operand]
        }
        return goesOn(\.a) && goesOn(\.b) && goesOn(\.y) && extent.times(outer.extent) != nil
    }

    fileprivate mutating func extend(_ outer: ProductLayout.Axis) {
        if let product = extent.times(outer.extent) { extent = product }
    }

    fileprivate var swapped: ProductLayout.Axis {
        ProductLayout.Axis(
            extent: extent, strides: ProductLayout.Strides(a: strides.b, b: strides.a, y: strides.y))
    }
}
