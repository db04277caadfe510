/// The greatest numbers of characters that messages have.
package enum MessageLimit {
    /// Of a reason, and of a name from a file of others.
    package static let reason = 4_000, name = 200
}

extension String {
    /// The text on one line and, of a long one, its beginning: what files of others hold may be of any length, and a line
    /// break in a name would let the rest pass for a message of its own.
    package func abridged(to limit: Int) -> String {
        guard utf8.count > limit || contains(where: \.isNewline) else { return self }
        let line = String(map { $0.isNewline ? " " : $0 })
        return line.count > limit ? "\(line.prefix(limit))…" : line
    }
}

extension Collection<String> {
    /// The names for a message: `a, b, c`, the first eight and the number of the rest.
    package var list: String { list(atMost: 8) }

    /// The same with another number of names.
    package func list(atMost limit: Int) -> String {
        let shown = prefix(limit).map { $0.abridged(to: MessageLimit.name) }.joined(separator: ", ")
        return count > limit ? "\(shown) and \(count - limit) more" : shown
    }
}

extension Int {
    /// The number with its noun: `1 file`, `2 files`.
    package func counted(_ noun: String) -> String { self == 1 ? "1 \(noun)" : "\(self) \(noun)s" }
}
