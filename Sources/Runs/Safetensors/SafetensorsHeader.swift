import Tensors

/// The table of contents of a safetensors file, checked whole before anything of a size that it states is allocated.
///
/// The rules are those of the format's description (huggingface/safetensors, "Format") and of its reference
/// implementation: names stand once, and the tensors' bytes follow each other without gap or overlap.
struct SafetensorsHeader {
    /// A tensor.
    struct Entry {
        let name: String
        let elementType: ElementType
        let shape: Shape
        /// Where its bytes lie behind the header.
        let bytes: Range<Int>
    }

    /// The bytes that a header may have, as in the reference implementation.
    static let byteLimit = 100_000_000
    /// The tensors that a file may hold.
    static let entryLimit = 100_000
    /// The axes that a tensor may have.
    static let rankLimit = 64

    /// The tensors in the order of their bytes.
    let entries: [Entry]
    /// What stands under `__metadata__`.
    let metadata: [String: String]
    /// The bytes that follow the header.
    var dataByteCount: Int { entries.last?.bytes.upperBound ?? 0 }

    private static let types: [String: (type: ElementType, size: Int)] = [
        "F64": (.float64, 8), "F32": (.float32, 4), "F16": (.float16, 2), "BF16": (.bfloat16, 2), "I64": (.int64, 8),
        "I32": (.int32, 4), "I16": (.int16, 2), "I8": (.int8, 1), "U64": (.uint64, 8), "U32": (.uint32, 4),
        "U16": (.uint16, 2), "U8": (.uint8, 1), "BOOL": (.bool, 1),
    ]

    /// Parses a header.
    ///
    /// - Throws: `malformed` for whatever breaks the format; `unsupported` for element types that are not read.
    init(_ json: [UInt8], path: String) throws(RunError) {
        guard json.first == UInt8(ascii: "{") else {
            throw RunError(.malformed, "its header does not begin with `{`: it is no safetensors file", path: path)
        }
        var scanner = JSONScanner(json, of: "its header", path: path)
        var entries: [Entry] = []
        var names: Set<String> = []
        var metadata: [String: String] = [:]
        try scanner.forEachMember { scanner, name throws(RunError) in
            guard names.insert(name).inserted else {
                throw RunError(.malformed, "stands twice in the header; save the file again", path: path, object: name)
            }
            guard name != "__metadata__" else {
                metadata = try SafetensorsHeader.metadata(&scanner)
                return
            }
            guard entries.count < SafetensorsHeader.entryLimit else {
                throw scanner.problem("lists more than \(SafetensorsHeader.entryLimit) tensors")
            }
            entries.append(try Entry(name: name, &scanner, path: path))
        }
        try scanner.finish()
        entries.sort { ($0.bytes.lowerBound, $0.bytes.upperBound) < ($1.bytes.lowerBound, $1.bytes.upperBound) }
        var end = 0
        for entry in entries {
            guard entry.bytes.lowerBound == end else {
                let gap = entry.bytes.lowerBound < end ? "overlap those of another tensor" : "leave a gap before them"
                throw RunError(
                    .malformed,
                    "its bytes from \(entry.bytes.lowerBound) up to \(entry.bytes.upperBound) \(gap): the tensor before ends at "
                        + "\(end); save the file again", path: path, object: entry.name)
            }
            end = entry.bytes.upperBound
        }
        self.entries = entries
        self.metadata = metadata
    }

    private static func metadata(_ scanner: inout JSONScanner) throws(RunError) -> [String: String] {
        var metadata: [String: String] = [:]
        try scanner.forEachMember { scanner, key throws(RunError) in
            guard scanner.isAtString() else { throw scanner.problem("holds `__metadata__` that is not text") }
            guard metadata.updateValue(try scanner.string(), forKey: key) == nil else {
                throw scanner.problem("holds `\(key)` twice under `__metadata__`")
            }
        }
        return metadata
    }

    fileprivate static func elementType(
        _ text: String, of name: String, path: String
    ) throws(RunError) -> (type: ElementType, size: Int) {
        if let known = types[text] { return known }
        let remedy =
            ["F8", "F6", "F4"].contains(where: text.hasPrefix)
            ? "a quantized type; save the weights as float32 or bfloat16"
            : "which is not one of "
                + "\(types.keys.sorted().joined(separator: ", ")); cast the tensor and save again"
        throw RunError(.unsupported, "has the element type \(text), \(remedy)", path: path, object: name)
    }
}

extension SafetensorsHeader.Entry {
    /// Reads `{"dtype": …, "shape": […], "data_offsets": [begin, end]}`.
    fileprivate init(name: String, _ scanner: inout JSONScanner, path: String) throws(RunError) {
        func malformed(_ reason: String) -> RunError {
            RunError(.malformed, "\(reason); save the file again", path: path, object: name)
        }
        var element: (type: ElementType, size: Int)?
        var shape: [Int]?
        var offsets: [Int]?
        try scanner.forEachMember { scanner, key throws(RunError) in
            switch key {
            case "dtype" where element == nil:
                element = try SafetensorsHeader.elementType(try scanner.string(), of: name, path: path)
            case "shape" where shape == nil:
                shape = try scanner.naturalNumbers(atMost: SafetensorsHeader.rankLimit)
            case "data_offsets" where offsets == nil: offsets = try scanner.naturalNumbers(atMost: 2)
            case "dtype", "shape", "data_offsets": throw malformed("has `\(key)` twice in the header")
            default:
                throw malformed("has an entry `\(key)` in the header; expected dtype, shape and data_offsets")
            }
        }
        guard let element, let shape, let offsets, offsets.count == 2 else {
            throw malformed("lacks one of dtype, shape and data_offsets (begin and end) in the header")
        }
        guard offsets[0] <= offsets[1] else {
            throw malformed("its bytes end at \(offsets[1]), before they begin at \(offsets[0])")
        }
        var byteCount = element.size
        for extent in shape {
            let (product, overflows) = byteCount.multipliedReportingOverflow(by: extent)
            guard !overflows else { throw malformed("declares more elements than memory can address: \(shape)") }
            byteCount = product
        }
        guard offsets[1] - offsets[0] == byteCount else {
            throw malformed(
                "has \(offsets[1] - offsets[0]) bytes, and its shape \(shape) of \(element.type.rawValue) takes "
                    + "\(byteCount)")
        }
        self.init(name: name, elementType: element.type, shape: Shape(shape), bytes: offsets[0]..<offsets[1])
    }
}

extension JSONScanner {
    /// The numbers of an array, `limit` of them at most.
    fileprivate mutating func naturalNumbers(atMost limit: Int) throws(RunError) -> [Int] {
        var numbers: [Int] = []
        try forEachElement { scanner throws(RunError) in
            guard numbers.count < limit else { throw scanner.problem("lists more than \(limit) numbers") }
            numbers.append(try scanner.naturalNumber())
        }
        return numbers
    }
}
