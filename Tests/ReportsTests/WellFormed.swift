import Foundation
#if canImport(FoundationXML)
    import FoundationXML
#endif

/// What an XML parser says about a text.
struct WellFormed {
    /// The error; nil when the text is well-formed.
    let complaint: String?
    /// How often each element occurs.
    let elementCounts: [String: Int]
    /// The text of all elements with a name, in order.
    let texts: [String: [String]]

    init(_ text: String) {
        let observer = Observer()
        let parser = XMLParser(data: Data(text.utf8))
        parser.delegate = observer
        let isComplete = parser.parse()
        complaint =
            isComplete
            ? nil : "line \(parser.lineNumber): \(parser.parserError.map { "\($0)" } ?? "unknown error")"
        elementCounts = observer.counts
        texts = observer.texts
    }

    private final class Observer: NSObject, XMLParserDelegate {
        var counts: [String: Int] = [:]
        var texts: [String: [String]] = [:]
        private var open: [(name: String, text: String)] = []

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String]
        ) {
            counts[name, default: 0] += 1
            open.append((name, ""))
        }

        func parser(_ parser: XMLParser, foundCharacters string: String) {
            if !open.isEmpty { open[open.count - 1].text += string }
        }

        func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
            if let last = open.popLast() { texts[last.name, default: []].append(last.text) }
        }
    }
}
