/// An Einstein summation, with its letters numbered: which label each axis of the operands and of the result has.
struct EinsumEquation: Sendable {
    /// Per operand, the label of each axis.
    let operands: [[Int]]
    /// The label of each axis of the result.
    let result: [Int]

    /// One more than the largest label.
    var labelCount: Int { (operands.joined().max() ?? -1) + 1 }

    /// The pairs in which the operands are contracted: the first two, then each result with the next operand.
    func contractions() -> [EinsumContraction] {
        var contractions: [EinsumContraction] = []
        var left = operands[0]
        for index in 1..<max(1, operands.count) {
            var labels = result
            if index < operands.count - 1 {
                let later = Set(result).union(operands[(index + 1)...].joined())
                labels = (left + operands[index]).reduce(into: []) { labels, label in
                    if later.contains(label) && !labels.contains(label) { labels.append(label) }
                }
            }
            contractions.append(EinsumContraction(left, operands[index], result: labels))
            left = labels
        }
        return contractions
    }

    /// Reads an equation as `bqhe,bkhe->bhqk`; `...` stands for the axes that the letters leave over.
    ///
    /// Without `->` the result has, after the axes of `...`, the letters that occur once, in alphabetical order.
    ///
    /// - Parameter ranks: The number of axes of each operand.
    init(_ equation: String, ranks: [Int], context: NodeContext) throws(GraphError) {
        let sides = equation.filter { !$0.isWhitespace }.split(separator: "->", omittingEmptySubsequences: false)
        let terms = sides.first?.split(separator: ",", omittingEmptySubsequences: false) ?? []
        guard sides.count <= 2, terms.count == ranks.count else {
            throw context.error(.malformed, "equation \(equation) does not describe \(ranks.count) operands")
        }
        let parts = try (terms + sides.dropFirst()).map { term throws(GraphError) in
            try Term(String(term), equation: equation, context: context)
        }
        // Axes of "..." are aligned at the end: the widest has them all.
        let spans = zip(parts, ranks).map { $0.hasEllipsis ? $1 - $0.letterCount : 0 }
        let ellipsis = spans.max() ?? 0
        guard zip(parts, zip(ranks, spans)).allSatisfy({ $0.letterCount + $1.1 == $1.0 && $1.1 >= 0 }) else {
            throw context.error(.mismatch, "equation \(equation) does not fit operands with \(ranks) axes")
        }
        let counts = Dictionary(
            parts.prefix(ranks.count).flatMap { $0.before + $0.after }.map { ($0, 1) }, uniquingKeysWith: +)
        let numbers = Dictionary(uniqueKeysWithValues: counts.keys.sorted().enumerated().map { ($1, ellipsis + $0) })
        func labels(_ term: Term, span: Int) -> [Int] {
            term.before.compactMap { numbers[$0] } + Array(ellipsis - span..<ellipsis)
                + term.after.compactMap { numbers[$0] }
        }
        operands = zip(parts, spans).map { labels($0, span: $1) }
        if sides.count == 2 {
            let term = parts[ranks.count]
            result = labels(term, span: term.hasEllipsis ? ellipsis : 0)
            guard result.count == term.letterCount + (term.hasEllipsis ? ellipsis : 0),
                Set(result).count == result.count
            else {
                throw context.error(.malformed, "the result of equation \(equation) repeats a letter or has a new one")
            }
        } else {
            result = Array(0..<ellipsis) + counts.keys.sorted().filter { counts[$0] == 1 }.compactMap { numbers[$0] }
        }
    }

    /// The letters of one term, before and after `...`.
    private struct Term {
        let before: [Character]
        let after: [Character]
        let hasEllipsis: Bool

        var letterCount: Int { before.count + after.count }

        init(_ term: String, equation: String, context: NodeContext) throws(GraphError) {
            let halves = term.split(separator: "...", omittingEmptySubsequences: false)
            guard halves.count <= 2, halves.allSatisfy({ $0.allSatisfy { $0.isLetter && $0.isASCII } }) else {
                throw context.error(
                    .malformed, "equation \(equation) has a term \(term); letters and one ... are allowed")
            }
            before = Array(halves[0])
            after = halves.count == 2 ? Array(halves[1]) : []
            hasEllipsis = halves.count == 2
        }
    }
}
