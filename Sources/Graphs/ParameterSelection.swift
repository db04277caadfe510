import Foundation

/// Which parameters are sampled while all others keep their values: the restriction of a weight-refined LLC (Wang et al.
/// 2024, arXiv:2410.02984), as patterns over the checkpoint's tensor names.
///
///     blocks.0.attn.*                 `*` is any run of characters, dots too; `?` is one character
///     blocks.0.attn.W_Q[3]            a slice in NumPy's way, without steps: here head 3
///     h.*.attn.c_attn.weight[:, -64:] the last 64 columns of each of these
///     !*.bias                         an exclusion
///
/// What any pattern names is selected, minus what an exclusion names; where all are exclusions, everything minus them.
/// Their order does not matter. A selection knows of no run; ``resolve(in:)`` finds the parameters of one.
public struct ParameterSelection: Sendable, Equatable {
    fileprivate struct Part: Equatable {
        let text: String
        let isExcluded: Bool
        let name: NamePattern
        let slice: TensorSlice?
    }

    private let parts: [Part]

    /// The patterns as they were written, without surrounding spaces.
    public var patterns: [String] { parts.map(\.text) }

    /// Parses patterns.
    ///
    /// - Throws: `malformed` for one without a name, with a bracket missing, or with a slice that is none, and for no
    ///   pattern at all.
    public init(_ patterns: [String]) throws(GraphError) {
        guard !patterns.isEmpty else {
            throw GraphError(.malformed, "expected at least one pattern of parameter names, found none")
        }
        var parts: [Part] = []
        for pattern in patterns { parts.append(try Part(pattern)) }
        self.parts = parts
    }

    /// Finds the parameters of a run.
    ///
    /// - Parameter binding: All of the run's parameters. Whatever is selected of a tensor that is not trainable stays
    ///   frozen; the second name of a tied tensor means the tensor.
    /// - Returns: The coordinates of the flat vector that are sampled, ascending, disjoint, joined where they touch and not
    ///   empty; and the binding in which only the tensors that they lie in are trainable, for a ``Plan`` that computes no
    ///   other gradient.
    /// - Throws: `notFound` for a pattern that no tensor's name fits, with the names nearest to it; `mismatch` for one that
    ///   fits none that is sampled, for a slice that does not fit a tensor's shape, and where nothing is left.
    public func resolve(
        in binding: ParameterBinding
    ) throws(GraphError) -> (ranges: [Range<Int>], binding: ParameterBinding) {
        let slots = binding.slots
        // For each slot, which of its elements are selected; nil: none.
        var masks = [[Bool]?](repeating: nil, count: slots.count)
        if parts.allSatisfy(\.isExcluded) {
            for index in slots.indices where slots[index].isTrainable {
                masks[index] = [Bool](repeating: true, count: slots[index].range.count)
            }
        }
        // Exclusions come last, whatever their place.
        for part in parts.filter({ !$0.isExcluded }) + parts.filter(\.isExcluded) {
            for index in try part.slots(in: binding) {
                let slot = slots[index]
                var mask = masks[index] ?? [Bool](repeating: false, count: slot.range.count)
                for place in try part.places(in: slot).joined() { mask[place] = !part.isExcluded }
                masks[index] = mask
            }
        }
        var ranges: [Range<Int>] = []
        for (slot, mask) in zip(slots, masks) {
            for (place, isSelected) in (mask ?? []).enumerated() where isSelected {
                let coordinate = slot.range.lowerBound + place
                if let last = ranges.last, last.upperBound == coordinate {
                    ranges[ranges.count - 1] = last.lowerBound..<coordinate + 1
                } else {
                    ranges.append(coordinate..<coordinate + 1)
                }
            }
        }
        guard !ranges.isEmpty else {
            throw GraphError(
                .mismatch,
                "parameters \(patterns.joined(separator: " ")): nothing is left to sample: the exclusions take all that the "
                    + "others name")
        }
        let touched = Set(slots.indices.filter { masks[$0]?.contains(true) == true })
        return (ranges, binding.training(only: touched))
    }
}

extension ParameterSelection: Codable {
    /// Decodes the list of patterns.
    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode([String].self))
    }

    /// Encodes the list of patterns.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(patterns)
    }
}

extension ParameterSelection.Part {
    fileprivate init(_ pattern: String) throws(GraphError) {
        text = pattern.trimmingCharacters(in: .whitespaces)
        isExcluded = text.hasPrefix("!")
        var rest = text.dropFirst(isExcluded ? 1 : 0)
        var slice: TensorSlice?
        func error(_ expected: String, found: some StringProtocol) -> GraphError {
            GraphError(.malformed, "parameters \"\(pattern)\": expected \(expected), found \"\(found)\"")
        }
        // A bracket elsewhere is part of the name.
        if rest.last == "]" {
            guard let start = rest.lastIndex(of: "[") else { throw error("a [ before the last ]", found: rest) }
            let content = rest[rest.index(after: start)...].dropLast()
            slice = TensorSlice(content)
            guard slice != nil else {
                throw error("numbers and ranges without steps, such as 3 or 64:128 or :, -64:", found: content)
            }
            rest = rest[..<start]
        } else if let start = rest.lastIndex(of: "["), !rest[start...].contains("]") {
            throw error("a ] after the slice", found: rest[start...])
        }
        guard !rest.isEmpty else { throw error("a name, with * and ? for what varies", found: text) }
        name = NamePattern(rest)
        self.slice = slice
    }

    /// The numbers of the trainable slots whose names fit.
    func slots(in binding: ParameterBinding) throws(GraphError) -> [Int] {
        let second = Dictionary(grouping: binding.tiedPairs, by: \.name).mapValues { $0.map(\.duplicate) }
        let named = binding.slots.indices.filter { index in
            let name = binding.slots[index].name
            return ([name] + (second[name] ?? [])).contains(where: self.name.matches)
        }
        let others = binding.fedTensors.map(\.name).filter(name.matches)
        guard !named.isEmpty || !others.isEmpty else {
            let names = binding.slots.filter(\.isTrainable).map(\.name) + binding.tiedPairs.map(\.duplicate)
            let nearest = name.nearest(in: names).prefix(5).joined(separator: ", ")
            throw GraphError(
                .notFound,
                "\(place): no parameter has such a name; of the \(names.count) that are sampled the nearest are \(nearest)"
            )
        }
        let trainable = named.filter { binding.slots[$0].isTrainable }
        guard isExcluded || !trainable.isEmpty else {
            let found = named.map { binding.slots[$0].name } + others
            throw GraphError(
                .mismatch,
                "\(place): expected parameters that are sampled, found only buffers: "
                    + found.prefix(5).joined(separator: ", "))
        }
        return trainable
    }

    /// The elements of a slot that the pattern names.
    func places(in slot: ParameterBinding.Slot) throws(GraphError) -> [Range<Int>] {
        guard let slice else { return [0..<slot.range.count] }
        do throws(GraphError) {
            return try slice.places(in: slot.shape)
        } catch {
            throw GraphError(error.kind, "\(place): \(error.reason) of \(slot.name) \(slot.shape)")
        }
    }

    private var place: String { "parameters \"\(text)\"" }
}
