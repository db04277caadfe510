/// The type of an array's elements as a file stores them.
public enum ElementType: String, Sendable, Codable, CaseIterable {
    case bool
    case int8, int16, int32, int64
    case uint8, uint16, uint32, uint64
    case float16, bfloat16, float32, float64

    /// Whether the type is one of the four floating-point formats.
    public var isFloatingPoint: Bool {
        switch self {
        case .float16, .bfloat16, .float32, .float64: true
        default: false
        }
    }
}
