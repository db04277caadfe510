/// A way to find boundaries that stands on its own.
public enum Method: Sendable, Codable, Equatable {
    /// Where λ̂ comes to rest: the definition of a boundary.
    case llc
    /// Where the loss comes to rest, both on logarithmic axes.
    case loss
    /// Changes of all series together.
    case changePoints
    /// Changes of one series, named.
    case series(String)

    /// The method of a name: `llc`, `loss`, `change-points`, or else the name of a series.
    public init(_ name: String) {
        switch name {
        case "llc": self = .llc
        case "loss": self = .loss
        case "change-points": self = .changePoints
        default: self = .series(name)
        }
    }

    /// The name that `init` takes.
    public var name: String {
        switch self {
        case .llc: "llc"
        case .loss: "loss"
        case .changePoints: "change-points"
        case .series(let name): name
        }
    }
}
