import Foundation

/// A JSON value, told apart more strictly than `JSONSerialization` does.
public indirect enum JSONValue: Decodable, Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// Reads a value.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    /// Reads a text.
    public init(text: String) throws { self = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) }

    /// The value of a key; nil where there is none.
    public subscript(_ key: String) -> JSONValue? { if case .object(let members) = self { members[key] } else { nil } }
}

/// A validator of exactly the JSON Schema keywords that the published schemas use; any other keyword is a complaint,
/// so that nothing is passed over in silence.
public struct SchemaValidator {
    private let schema: JSONValue

    /// Creates a validator of a schema's text.
    public init(_ text: String) throws { schema = try JSONValue(text: text) }

    /// What is wrong with a document; empty when it is valid.
    public func complaints(about text: String) throws -> [String] {
        complaints(about: try JSONValue(text: text), by: schema, at: "$")
    }

    private func complaints(about value: JSONValue, by schema: JSONValue, at path: String) -> [String] {
        guard case .object(let keywords) = schema else { return ["\(path): a schema that is no object"] }
        return keywords.flatMap { keyword, argument in
            complaints(about: value, keyword, argument, in: keywords, at: path)
        }
    }

    private func complaints(
        about value: JSONValue, _ keyword: String, _ argument: JSONValue, in keywords: [String: JSONValue],
        at path: String
    ) -> [String] {
        func require(_ holds: Bool) -> [String] { holds ? [] : ["\(path): \(keyword) is not met"] }
        switch (keyword, argument, value) {
        case ("$schema", _, _), ("$id", _, _), ("$defs", _, _), ("title", _, _), ("description", _, _): return []
        case ("$ref", .string(let reference), _):
            guard let name = reference.split(separator: "/").last, reference == "#/$defs/\(name)",
                let definition = schema["$defs"]?[String(name)]
            else { return ["\(path): \(reference) leads nowhere"] }
            return complaints(about: value, by: definition, at: path)
        case ("type", .string(let name), _): return require(Self.isOf(type: name, value))
        case ("type", .array(let names), _):
            return require(
                names.contains { if case .string(let name) = $0 { Self.isOf(type: name, value) } else { false } })
        case ("const", _, _): return require(value == argument)
        case ("enum", .array(let values), _): return require(values.contains(value))
        case ("anyOf", .array(let schemas), _):
            let all = schemas.map { complaints(about: value, by: $0, at: path) }
            return all.contains(where: \.isEmpty) ? [] : all.flatMap(\.self)
        case ("minimum", .number(let bound), .number(let number)): return require(number >= bound)
        case ("maximum", .number(let bound), .number(let number)): return require(number <= bound)
        case ("minItems", .number(let bound), .array(let items)): return require(Double(items.count) >= bound)
        case ("maxItems", .number(let bound), .array(let items)): return require(Double(items.count) <= bound)
        case ("items", _, .array(let items)):
            return items.enumerated().flatMap { complaints(about: $1, by: argument, at: "\(path)[\($0)]") }
        case ("required", .array(let keys), .object(let members)):
            return keys.compactMap { key in
                guard case .string(let name) = key, members[name] == nil else { return nil }
                return "\(path): \(name) is missing"
            }
        case ("properties", .object(let properties), .object(let members)):
            return members.flatMap { name, member in
                properties[name].map { complaints(about: member, by: $0, at: "\(path).\(name)") } ?? []
            }
        case ("additionalProperties", .bool(false), .object(let members)):
            return members.keys.filter { keywords["properties"]?[$0] == nil }.map { "\(path): \($0) is unknown" }
        case ("minimum", _, _), ("maximum", _, _), ("minItems", _, _), ("maxItems", _, _), ("items", _, _),
            ("required", _, _), ("properties", _, _), ("additionalProperties", .bool(false), _):
            return []  // These say nothing about values of other types.
        default: return ["\(path): the keyword \(keyword) is not known"]
        }
    }

    private static func isOf(type name: String, _ value: JSONValue) -> Bool {
        switch (name, value) {
        case ("null", .null), ("boolean", .bool), ("number", .number), ("string", .string), ("array", .array),
            ("object", .object):
            true
        case ("integer", .number(let number)): number.rounded() == number
        default: false
        }
    }

    /// The places of properties that nothing describes, anywhere in the schema.
    public var undescribed: [String] { Self.undescribed(in: schema, at: "#") }

    private static func undescribed(in schema: JSONValue, at path: String) -> [String] {
        switch schema {
        case .array(let items): return items.enumerated().flatMap { undescribed(in: $1, at: "\(path)/\($0)") }
        case .object(let members):
            return members.flatMap { name, member in
                var found = undescribed(in: member, at: "\(path)/\(name)")
                if name == "properties", case .object(let properties) = member {
                    found += properties.filter { $1["description"] == nil }.map { "\(path)/\($0.key)" }
                }
                return found
            }
        default: return []
        }
    }
}
