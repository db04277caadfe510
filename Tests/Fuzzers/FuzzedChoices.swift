/// Small numbers taken from the bytes of an input, zero once they are used up.
struct FuzzedChoices {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isEmpty: Bool { rest.isEmpty }

    /// A number below `count`.
    mutating func choice(_ count: Int) -> Int { Int(rest.popFirst() ?? 0) % count }

    /// One of the values.
    mutating func choice<Value>(_ values: [Value]) -> Value { values[choice(values.count)] }
}
