import Foundation
import Tensors
import Yams

/// The keys and values of a YAML file, or of a mapping inside one, in the order written.
///
/// JSON is YAML too. Every error names the file, the key, what was expected and what was found.
public struct YAMLMapping: Sendable {
    /// A value as text, or values inside it.
    public indirect enum Value: Sendable {
        case scalar(String)
        case list([Value])
        case mapping(YAMLMapping)
        /// Nothing, `~` or `null`.
        case empty
    }

    /// A key, its value and the line it stands on.
    public struct Entry: Sendable {
        /// The key.
        public let key: String
        /// Its value.
        public let value: Value
        /// The line in the file, from 1; nil where the parser gives none.
        public let line: Int?
    }

    /// The file, for messages.
    public let path: String
    /// The keys that lead from the file's top to this mapping.
    public let keyPath: [String]
    /// The entries in the order written.
    public let entries: [Entry]
    private let places: [String: Int]

    /// An empty mapping, as an empty or absent file gives.
    public init(path: String) {
        self.init(path: path, keyPath: [], entries: [])
    }

    /// The most bytes of a file; the names of a hundred thousand tensors take a third of them.
    private static let greatestByteCount = 16 << 20

    /// A name that stands in the text both as an anchor (`&name`) and as an alias (`*name`), wherever: what the parser would
    /// replace by a copy. It does so while it reads, so the text is looked at before.
    private static func repeatedAnchor(in text: String) -> String? {
        func isOfName(_ byte: UInt8) -> Bool {
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
        }
        var names: [UInt8: Set<String>] = [:]
        var rest = text.utf8[...]
        while let start = rest.firstIndex(where: { $0 == UInt8(ascii: "&") || $0 == UInt8(ascii: "*") }) {
            // libyaml's names, which end at whatever else there is (YAML 1.2 allows more).
            let name = rest[rest.index(after: start)...].prefix(while: isOfName)
            if !name.isEmpty { names[rest[start], default: []].insert(String(Substring(name))) }
            rest = rest[name.endIndex...]
        }
        return names[UInt8(ascii: "&")]?.intersection(names[UInt8(ascii: "*")] ?? []).min()
    }

    private init(path: String, keyPath: [String], entries: [Entry]) {
        self.path = path
        self.keyPath = keyPath
        self.entries = entries
        places = Dictionary(entries.indices.map { (entries[$0].key, $0) }) { first, _ in first }
    }

    /// Reads a file whose top is a mapping; an empty file gives an empty one.
    ///
    /// - Throws: `notFound` without the file; `io` if it cannot be read; `malformed`, with the line, if it is not YAML
    ///   or its top is not a mapping.
    public static func load(path: String) throws(RunError) -> YAMLMapping {
        try YAMLMapping(text: try readText(path, greatestByteCount: greatestByteCount), path: path)
    }

    /// What the parser says, without the lines that it quotes.
    private static func words(of error: any Error) -> String {
        switch error {
        case let YamlError.scanner(_, problem, mark, _), let YamlError.parser(_, problem, mark, _),
            let YamlError.composer(_, problem, mark, _):
            // The parser names the function that would set another limit.
            let reason = problem.contains("nest_level") ? "nested too deeply" : problem
            return "line \(mark.line), column \(mark.column): is not YAML (\(reason)); correct it"
        case let YamlError.duplicatedKeysInMapping(keys, _):
            return "is not YAML: \(keys.map { $0.abridged(to: MessageLimit.name) }.list) stands twice; keep one"
        default: return "is not YAML: \(error)"
        }
    }

    /// Parses a text; `path` names it in messages.
    ///
    /// - Throws: `malformed`, with the line, if it is not YAML or its top is not a mapping; `unsupported` for anchors with
    ///   aliases, which let a few lines stand for more than any memory holds, and for texts over 16 MiB.
    public init(text: String, path: String) throws(RunError) {
        try checkByteCount(text.utf8.count, atMost: YAMLMapping.greatestByteCount, path: path)
        if let anchor = YAMLMapping.repeatedAnchor(in: text) {
            throw RunError(
                .unsupported, "repeats the value of the YAML anchor &\(anchor) by an alias; write the value out",
                path: path)
        }
        let node: Node?
        do { node = try Yams.compose(yaml: text) } catch {
            throw RunError(.malformed, YAMLMapping.words(of: error), path: path)
        }
        guard let node, node.null == nil else {
            self.init(path: path)
            return
        }
        guard let mapping = node.mapping else {
            throw RunError(.malformed, "expected `key: value` lines, found a single value or a list", path: path)
        }
        try self.init(mapping, path: path, keyPath: [])
    }

    private init(_ mapping: Node.Mapping, path: String, keyPath: [String]) throws(RunError) {
        var entries: [Entry] = []
        for (key, value) in mapping {
            guard let name = key.scalar?.string else {
                let line = key.mark.map { "line \($0.line): " } ?? ""
                throw RunError(
                    .malformed, "\(line)expected a key that is a single word, found a list or a mapping", path: path)
            }
            let converted = try Value(value, path: path, keyPath: keyPath + [name])
            entries.append(Entry(key: name, value: converted, line: key.mark?.line))
        }
        self.init(path: path, keyPath: keyPath, entries: entries)
    }

    private func entry(_ key: String) -> Entry? { places[key].map { entries[$0] } }

    /// The value of a key; nil where the key is absent or empty.
    public func value(_ key: String) -> Value? {
        guard let value = entry(key)?.value else { return nil }
        if case .empty = value { return nil }
        return value
    }

    /// The text of a key; nil where it is absent. Numbers and truth values are taken as written.
    public func text(_ key: String) throws(RunError) -> String? {
        guard let value = value(key) else { return nil }
        guard case .scalar(let text) = value else { throw error(key, "expected one word, found \(value.summary)") }
        return text
    }

    /// The whole number of a key; nil where it is absent. `1e3` and `1_000` are whole numbers too.
    public func integer(_ key: String) throws(RunError) -> Int? {
        guard let text = try text(key) else { return nil }
        let plain = text.replacing("_", with: "")
        if let integer = Int(plain) ?? Double(plain).flatMap({ Int(exactly: $0) }) { return integer }
        throw error(key, "expected a whole number, found \"\(text)\"")
    }

    /// The finite number of a key; nil where it is absent.
    public func number(_ key: String) throws(RunError) -> Double? {
        guard let text = try text(key) else { return nil }
        if let number = Double(text.replacing("_", with: "")), number.isFinite { return number }
        throw error(key, "expected a number, found \"\(text)\"")
    }

    /// The words of a key, a single word standing for a list of one; nil where it is absent.
    public func texts(_ key: String) throws(RunError) -> [String]? {
        guard let value = value(key) else { return nil }
        switch value {
        case .scalar(let text): return [text]
        case .list(let values):
            var texts: [String] = []
            for value in values {
                guard case .scalar(let text) = value else {
                    throw error(key, "expected a list of words, found \(value.summary) in it")
                }
                texts.append(text)
            }
            return texts
        case .mapping, .empty: throw error(key, "expected a list of words, found \(value.summary)")
        }
    }

    /// The mapping under a key; nil where it is absent.
    public func mapping(_ key: String) throws(RunError) -> YAMLMapping? {
        guard let value = value(key) else { return nil }
        guard case .mapping(let mapping) = value else {
            throw error(key, "expected `key: value` lines, found \(value.summary)")
        }
        return mapping
    }

    /// Refuses keys that nothing reads, most of them misspelt.
    ///
    /// - Throws: `malformed` with the line and the nearest known name.
    public func rejectUnknownKeys(known: [String]) throws(RunError) {
        for entry in entries where !known.contains(entry.key) {
            let hint = nearestName(to: entry.key, among: known).map { "did you mean \($0)?" }
            throw error(entry.key, "is not a known key; \(hint ?? "known are \(known.joined(separator: ", "))")")
        }
    }

    /// An error about a key, with file and line.
    public func error(_ key: String, _ reason: String) -> RunError {
        let line = entry(key)?.line.map { "line \($0): " } ?? ""
        return RunError(
            .malformed, "\(line)\(reason)", path: path, object: (keyPath + [key]).joined(separator: "."))
    }

    /// All scalars below this mapping with the keys that lead to them, joined by dots, in the order written.
    public var flattened: [(name: String, value: String)] {
        entries.flatMap { $0.value.flattened($0.key) }
    }
}

extension YAMLMapping.Value {
    fileprivate init(_ node: Node, path: String, keyPath: [String]) throws(RunError) {
        switch node {
        case .scalar(let scalar): self = node.null == nil ? .scalar(scalar.string) : .empty
        case .sequence(let sequence):
            var values: [YAMLMapping.Value] = []
            for (index, node) in sequence.enumerated() {
                values.append(try YAMLMapping.Value(node, path: path, keyPath: keyPath + ["\(index)"]))
            }
            self = .list(values)
        case .mapping(let mapping):
            self = .mapping(try YAMLMapping(mapping, path: path, keyPath: keyPath))
        case .alias:
            throw RunError(
                .unsupported, "is a YAML alias; write the value out", path: path,
                object: keyPath.joined(separator: "."))
        }
    }

    fileprivate var summary: String {
        switch self {
        case .scalar(let text): "\"\(text)\""
        case .list(let values): "a list of \(values.count)"
        case .mapping: "`key: value` lines"
        case .empty: "nothing"
        }
    }

    fileprivate func flattened(_ name: String) -> [(name: String, value: String)] {
        switch self {
        case .scalar(let text): [(name, text)]
        case .empty: [(name, "")]
        case .mapping(let mapping): mapping.flattened.map { ("\(name).\($0.name)", $0.value) }
        case .list(let values):
            values.enumerated().flatMap { index, value in value.flattened("\(name).\(index)") }
        }
    }
}

/// The bytes of a file.
///
/// It is read as a whole, and its size is checked before: what is beyond the limit is `unsupported`.
package func readBytes(_ path: String, greatestByteCount: Int = 1 << 30) throws(RunError) -> [UInt8] {
    let file = try openFile(path)
    try checkByteCount(file.count, atMost: greatestByteCount, path: path)
    do throws(RegularFile.Problem) { return try file.bytes() } catch {
        throw RunError(.io, "cannot be read: \(error.words)", path: path)
    }
}

/// The text of a UTF-8 file, without a byte order mark; read as `readBytes` does.
package func readText(_ path: String, greatestByteCount: Int = 1 << 30) throws(RunError) -> String {
    let bytes = try readBytes(path, greatestByteCount: greatestByteCount)
    guard let text = String(validating: bytes, as: UTF8.self) else {
        throw RunError(.malformed, "is not UTF-8 text; save it as UTF-8", path: path)
    }
    return text.first == "\u{FEFF}" ? String(text.dropFirst()) : text
}

private func checkByteCount(_ count: Int, atMost limit: Int, path: String) throws(RunError) {
    guard count <= limit else {
        throw RunError(
            .unsupported,
            "has \(count >> 20) MiB of text, and \(limit >> 20) MiB are the most that is read; keep less in it",
            path: path)
    }
}
