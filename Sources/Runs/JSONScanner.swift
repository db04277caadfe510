/// Reads a JSON text (RFC 8259) piece by piece, as its caller expects it, without building a tree.
///
/// What is not asked for is skipped. A key that stands twice is handed over twice, so that the caller can refuse it.
/// NaN and infinities, which Python writes and the standard does not know, may stand in what is skipped.
struct JSONScanner {
    private let bytes: [UInt8]
    private var position = 0
    /// The file and the part of it that the text is, for messages.
    private let path: String
    private let what: String

    /// How deep values may be nested in what is skipped.
    static let depthLimit = 64

    init(_ bytes: [UInt8], of what: String, path: String) {
        self.bytes = bytes
        self.what = what
        self.path = path
    }

    /// An error at the place that the scanner has reached.
    func problem(_ reason: String) -> RunError {
        RunError(.malformed, "\(what) \(reason) (byte \(position)); copy or save the file again", path: path)
    }

    private func unexpected(_ expected: String) -> RunError {
        guard position < bytes.count else { return problem("is not JSON: expected \(expected), found its end") }
        let byte = bytes[position]
        let found = (0x21...0x7E).contains(byte) ? "`\(Character(UnicodeScalar(byte)))`" : "byte \(byte)"
        return problem("is not JSON: expected \(expected), found \(found)")
    }

    /// The next byte that is not white space; nil at the end.
    private mutating func next() -> UInt8? {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            case let byte: return byte
            }
        }
        return nil
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next() == byte else { return false }
        position += 1
        return true
    }

    /// Calls `body` with the key of every member of an object; `body` reads or skips the value.
    ///
    /// - Throws: `malformed` if there is no object; what `body` throws.
    mutating func forEachMember(
        _ body: (inout JSONScanner, String) throws(RunError) -> Void
    ) throws(RunError) {
        guard take(UInt8(ascii: "{")) else { throw unexpected("`{`") }
        if take(UInt8(ascii: "}")) { return }
        repeat {
            let key = try string()
            guard take(UInt8(ascii: ":")) else { throw unexpected("`:`") }
            try body(&self, key)
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw unexpected("`,` or `}`") }
    }

    /// Calls `body` for every element of an array; `body` reads or skips it.
    ///
    /// - Throws: `malformed` if there is no array; what `body` throws.
    mutating func forEachElement(_ body: (inout JSONScanner) throws(RunError) -> Void) throws(RunError) {
        guard take(UInt8(ascii: "[")) else { throw unexpected("`[`") }
        if take(UInt8(ascii: "]")) { return }
        repeat { try body(&self) } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw unexpected("`,` or `]`") }
    }

    /// Whether a text comes next, and not a value of another kind.
    mutating func isAtString() -> Bool { next() == UInt8(ascii: "\"") }

    /// A text.
    ///
    /// - Throws: `malformed` if there is none, or it is not UTF-8.
    mutating func string() throws(RunError) -> String {
        guard take(UInt8(ascii: "\"")) else { throw unexpected("`\"`") }
        var decoded: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: decoded, as: UTF8.self) else { throw problem("is not UTF-8") }
                position += 1
                return text
            case UInt8(ascii: "\\"):
                position += 1
                decoded.append(contentsOf: try escaped().utf8)
            case 0..<0x20: throw unexpected("no control character in a text")
            default:
                decoded.append(byte)
                position += 1
            }
        }
        throw unexpected("`\"`")
    }

    /// The character behind a backslash.
    private mutating func escaped() throws(RunError) -> Character {
        guard position < bytes.count else { throw unexpected("an escaped character") }
        let plain: [UInt8: Character] = [
            0x22: "\"", 0x5C: "\\", 0x2F: "/", 0x62: "\u{8}", 0x66: "\u{C}", 0x6E: "\n", 0x72: "\r", 0x74: "\t",
        ]
        if let character = plain[bytes[position]] {
            position += 1
            return character
        }
        guard bytes[position] == UInt8(ascii: "u") else { throw unexpected("an escaped character") }
        var units = [try codeUnit()]
        if UTF16.isLeadSurrogate(units[0]), bytes.dropFirst(position).starts(with: [0x5C, 0x75]) {
            position += 1
            units.append(try codeUnit())
        }
        guard let text = String(validating: units, as: UTF16.self), let character = text.first else {
            throw problem("holds half a character")
        }
        return character
    }

    /// The four digits behind a `u`, which stands at the position.
    private mutating func codeUnit() throws(RunError) -> UInt16 {
        let digits = bytes.dropFirst(position + 1).prefix(4)
        guard digits.count == 4, digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
            let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw unexpected("four hexadecimal digits") }
        position += 5
        return unit
    }

    /// A whole number from 0, written in digits alone.
    ///
    /// - Throws: `malformed` if there is none: for a sign, a fraction, an exponent, or more than 63 bits.
    mutating func naturalNumber() throws(RunError) -> Int {
        _ = next()
        let digits = bytes.dropFirst(position).prefix { (0x30...0x39).contains($0) }
        let following = bytes.dropFirst(position + digits.count).first
        guard let first = digits.first, first != 0x30 || digits.count == 1,
            ![UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(following)
        else { throw unexpected("a whole number from 0") }
        guard digits.count <= 19, let number = Int(String(decoding: digits, as: UTF8.self)) else {
            throw problem("holds a number of more than 63 bits")
        }
        position += digits.count
        return number
    }

    /// Skips a value of any kind.
    ///
    /// - Throws: `malformed` if there is none, or values are nested deeper than `depthLimit`.
    mutating func skipValue() throws(RunError) { try skipValue(depth: 0) }

    private mutating func skipValue(depth: Int) throws(RunError) {
        guard depth < JSONScanner.depthLimit else {
            throw problem("nests values deeper than \(JSONScanner.depthLimit)")
        }
        switch next() {
        case UInt8(ascii: "{")?:
            try forEachMember { scanner, _ throws(RunError) in try scanner.skipValue(depth: depth + 1) }
        case UInt8(ascii: "[")?:
            try forEachElement { scanner throws(RunError) in try scanner.skipValue(depth: depth + 1) }
        case UInt8(ascii: "\"")?: _ = try string()
        default:
            let word = bytes.dropFirst(position).prefix(64).prefix {
                Character(UnicodeScalar($0)).isLetter || (0x2B...0x39).contains($0) && $0 != 0x2C && $0 != 0x2F
            }
            let text = String(decoding: word, as: UTF8.self)
            guard ["true", "false", "null"].contains(text) || Double(text) != nil else { throw unexpected("a value") }
            position += word.count
        }
    }

    /// Checks that nothing but white space follows.
    ///
    /// - Throws: `malformed` if something does.
    mutating func finish() throws(RunError) {
        guard next() == nil else { throw unexpected("its end") }
    }
}
