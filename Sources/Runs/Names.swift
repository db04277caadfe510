/// The known name that `name` was most likely meant to be; nil where none is close.
///
/// Close is an edit distance (Levenshtein 1966) of at most a third of the longer name's length, case aside, and at
/// least one; of equally close names the first in the order given.
public func nearestName(to name: String, among known: [String]) -> String? {
    // The distance takes time by the product of the lengths.
    guard name.utf8.count <= 256 else { return nil }
    let distances = known.map { (name: $0, distance: editDistance(name.lowercased(), $0.lowercased())) }
    guard let nearest = distances.min(by: { $0.distance < $1.distance }) else { return nil }
    return nearest.distance <= max(1, max(name.count, nearest.name.count) / 3) ? nearest.name : nil
}

/// The least number of insertions, deletions and replacements of one character that turn one text into the other.
private func editDistance(_ first: String, _ second: String) -> Int {
    let target = Array(second)
    var row = Array(0...target.count)
    for (index, character) in first.enumerated() {
        var diagonal = row[0]
        row[0] = index + 1
        for column in target.indices {
            let replaced = diagonal + (target[column] == character ? 0 : 1)
            diagonal = row[column + 1]
            row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
        }
    }
    return row[target.count]
}

/// Whether one name comes before another when runs of digits count as numbers: `layers.2` before `layers.10`.
func precedes(_ first: String, _ second: String) -> Bool {
    var (a, b) = (first[...], second[...])
    while let x = a.first, let y = b.first {
        if x.isASCIIDigit, y.isASCIIDigit {
            let (m, n) = (a.prefix(while: \.isASCIIDigit), b.prefix(while: \.isASCIIDigit))
            let (p, q) = (m.drop { $0 == "0" }, n.drop { $0 == "0" })
            if p.count != q.count { return p.count < q.count }
            if p != q { return p < q }
            a = a.dropFirst(m.count)
            b = b.dropFirst(n.count)
        } else {
            if x != y { return x < y }
            a = a.dropFirst()
            b = b.dropFirst()
        }
    }
    if a.isEmpty != b.isEmpty { return a.isEmpty }
    return first < second
}

extension Character {
    /// Whether the character is one of 0 to 9.
    var isASCIIDigit: Bool { isASCII && isNumber }
}
