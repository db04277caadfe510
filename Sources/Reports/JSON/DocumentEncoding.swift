import Foundation

/// A document as text: keys sorted, two-space indents, a line break at the end; equal values give equal bytes.
func documentText(_ document: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(document), as: UTF8.self) + "\n"
}
