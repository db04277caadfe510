/// A number in a document: written as `null` when it is missing or not finite, never left out.
public struct Nullable: Sendable, Codable, Equatable {
    /// The number; always finite.
    public let value: Double?

    /// Creates a number; not a number and infinities become nil.
    public init(_ value: Double?) { self.value = value.flatMap { $0.isFinite ? $0 : nil } }

    /// Reads a number or `null`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        self.init(container.decodeNil() ? nil : try container.decode(Double.self))
    }

    /// Writes the number or `null`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let value { try container.encode(value) } else { try container.encodeNil() }
    }
}
