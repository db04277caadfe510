import Foundation
import Tensors

/// Part of a tensor, as NumPy writes it without steps: `[3]`, `[64:128]`, `[:, -64:]`; axes that are left out are whole.
struct TensorSlice: Sendable, Equatable {
    /// What is taken of one axis; negative numbers count from its end.
    fileprivate enum Index: Equatable {
        case single(Int)
        case range(from: Int?, to: Int?)
    }

    private let indices: [Index]

    /// Parses what stands between the brackets; nil where it is no list of numbers and ranges.
    init?(_ text: some StringProtocol) {
        var indices: [Index] = []
        for part in text.components(separatedBy: ",") {
            let bounds = part.components(separatedBy: ":").map { $0.trimmingCharacters(in: .whitespaces) }
            let numbers = bounds.map { Int($0) }
            switch bounds.count {
            case 1:
                guard let number = numbers[0] else { return nil }
                indices.append(.single(number))
            case 2:
                guard zip(bounds, numbers).allSatisfy({ $0.isEmpty || $1 != nil }) else { return nil }
                indices.append(.range(from: numbers[0], to: numbers[1]))
            default: return nil
            }
        }
        self.indices = indices
    }

    /// The row-major places of the part in a tensor of that shape: ascending and disjoint.
    ///
    /// - Throws: `mismatch` for more axes than the tensor has, and for indices outside it or that take nothing.
    func places(in shape: Shape) throws(GraphError) -> [Range<Int>] {
        guard indices.count <= shape.rank else {
            throw GraphError(.mismatch, "expected indices of at most \(shape.rank) axes, found \(indices.count)")
        }
        var places = [0..<1]
        for (axis, extent) in shape.dimensions.enumerated() {
            let range = axis < indices.count ? try range(ofAxis: axis, extent: extent) : 0..<extent
            if range.count == extent {
                places = places.map { $0.lowerBound * extent..<$0.upperBound * extent }
            } else {
                places = places.flatMap { outer in
                    outer.map { $0 * extent + range.lowerBound..<$0 * extent + range.upperBound }
                }
            }
        }
        return places
    }

    private func range(ofAxis axis: Int, extent: Int) throws(GraphError) -> Range<Int> {
        func fromFront(_ number: Int) -> Int { number < 0 ? number + extent : number }
        let (first, last) =
            switch indices[axis] {
            case .single(let number): (fromFront(number), fromFront(number))
            case .range(let from, let to): (fromFront(from ?? 0), fromFront(to ?? extent) - 1)
            }
        guard 0 <= first, first <= last, last < extent else {
            throw GraphError(
                .mismatch, "expected indices that take some of the \(extent) along axis \(axis), found \(indices[axis])"
            )
        }
        return first..<last + 1
    }
}

extension TensorSlice.Index: CustomStringConvertible {
    var description: String {
        switch self {
        case .single(let number): "\(number)"
        case .range(let from, let to): "\(from.map { "\($0)" } ?? ""):\(to.map { "\($0)" } ?? "")"
        }
    }
}
