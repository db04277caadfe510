import Tensors

/// Which checkpoint tensor provides which value of a graph.
///
/// An exact match comes first. For what is left, one prefix may be missing on one side, and `/` is read as `.`.
struct NameMatching {
    /// What frameworks put before every name: DataParallel, torch.compile, and wrapper modules.
    static let prefixes = ["module.", "_orig_mod.", "model.", "net."]

    /// The graph's name for a tensor, by its name in the checkpoint; bound tensors only.
    let valueName: [String: String]
    /// The graph's names that are provided by the checkpoint.
    let provided: Set<String>
    /// The prefix that was left out.
    let strippedPrefix: String?

    /// - Parameter excluded: Names of graph inputs that are examples.
    init(graph: Graph, tensors: [String], excluded: Set<String>) throws(GraphError) {
        var candidates = Set(graph.inputs.map(\.name)).union(graph.initializers.keys)
        // A node may compute a weight from what is stored; what it computes from the examples is none.
        var ofExamples = excluded
        for node in graph.nodes {
            if node.inputs.contains(where: ofExamples.contains) {
                ofExamples.formUnion(node.outputs)
            } else {
                candidates.formUnion(node.outputs)
            }
        }
        candidates.subtract(excluded)
        candidates.remove("")

        var valueName: [String: String] = [:]
        for tensor in tensors where candidates.contains(tensor) { valueName[tensor] = tensor }
        candidates.subtract(valueName.values)
        let rest = tensors.filter { valueName[$0] == nil }

        let best = try NameMatching.bestRewriting(of: rest, to: candidates)
        strippedPrefix = best.prefix
        self.valueName = valueName.merging(best.pairs) { exact, _ in exact }
        provided = Set(self.valueName.values)
    }

    /// The rewriting that matches most names; of equally good ones, the first of: no prefix, then each prefix.
    private static func bestRewriting(
        of tensors: [String], to candidates: Set<String>
    ) throws(GraphError) -> (prefix: String?, pairs: [String: String]) {
        var best: (prefix: String?, pairs: [String: String]) = (nil, try match(tensors, candidates, prefix: ""))
        for prefix in prefixes {
            let pairs = try match(tensors, candidates, prefix: prefix)
            if pairs.count > best.pairs.count { best = (prefix, pairs) }
        }
        return best
    }

    private static func match(
        _ tensors: [String], _ candidates: Set<String>, prefix: String
    ) throws(GraphError) -> [String: String] {
        func rewritten(_ name: String) -> String {
            let dotted = String(name.map { $0 == "/" ? "." : $0 })
            return dotted.hasPrefix(prefix) ? String(dotted.dropFirst(prefix.count)) : dotted
        }
        let values = Dictionary(grouping: candidates.sorted(), by: rewritten)
        var pairs: [String: String] = [:]
        var owner: [String: String] = [:]
        for tensor in tensors {
            guard let found = values[rewritten(tensor)] else { continue }
            guard found.count == 1 else {
                throw GraphError(
                    .mismatch,
                    "checkpoint tensor \(tensor) may be any of \(found.list); give it one's name"
                )
            }
            if let other = owner.updateValue(tensor, forKey: found[0]) {
                throw GraphError(
                    .mismatch, "checkpoint tensors \(other) and \(tensor) may both be \(found[0]); give one its name")
            }
            pairs[tensor] = found[0]
        }
        return pairs
    }
}
