/// A name with wildcards: `*` stands for any run of characters, dots and none included, `?` for one character.
struct NamePattern: Sendable, Equatable {
    private let characters: [Character]

    init(_ text: some StringProtocol) { characters = Array(text) }

    /// Whether the whole of `name` fits. Takes at most the product of both lengths.
    func matches(_ name: String) -> Bool {
        let name = Array(name)
        var (position, place) = (0, 0)
        // The last star, and where what follows it was tried.
        var star: (position: Int, place: Int)?
        while place < name.count {
            if position < characters.count, characters[position] == "*" {
                star = (position, place)
                position += 1
            } else if position < characters.count, characters[position] == "?" || characters[position] == name[place] {
                position += 1
                place += 1
            } else if let last = star {
                star = (last.position, last.place + 1)
                (position, place) = (last.position + 1, last.place + 1)
            } else {
                return false
            }
        }
        return characters[position...].allSatisfy { $0 == "*" }
    }

    /// The names that begin and end most like the pattern up to its first and from its last wildcard, best first.
    func nearest(in names: [String]) -> [String] {
        let isWildcard = { (character: Character) in character == "*" || character == "?" }
        let start = characters.prefix { !isWildcard($0) }
        let end = characters.reversed().prefix { !isWildcard($0) }
        func likeness(_ name: String) -> Int {
            zip(start, name).prefix { $0 == $1 }.count + zip(end, name.reversed()).prefix { $0 == $1 }.count
        }
        return names.map { (name: $0, likeness: likeness($0)) }
            .sorted { ($1.likeness, $0.name) < ($0.likeness, $1.name) }.map(\.name)
    }
}
