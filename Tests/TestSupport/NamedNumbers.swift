/// Numbers that follow from a name: ``SplitMix64`` started at the FNV-1a hash of it.
///
/// `Scripts/make-fixtures/exports/named_numbers.py` makes the same, so that no fixture needs to store weights. All of
/// them are multiples of 2⁻²³ below 1.5, the same in single and in double precision.
public enum NamedNumbers {
    /// `count` numbers, uniform in [−1/2, 1/2); or in [1/2, 3/2) where the name is that of a running variance.
    public static func reals(_ name: String, count: Int) -> [Float] {
        let isVariance = name.hasSuffix("running_var") || name.hasSuffix("moving_variance")
        let low: Float = isVariance ? 0.5 : -0.5
        var generator = generator(name)
        return (0..<count).map { _ in Float(generator.next() >> 41) * 0x1p-23 + low }
    }

    /// `count` whole numbers, uniform in 0 ..< `bound`.
    public static func integers(_ name: String, count: Int, below bound: Int) -> [Int64] {
        var generator = generator(name)
        return (0..<count).map { _ in Int64(generator.next() % UInt64(bound)) }
    }

    private static func generator(_ name: String) -> SplitMix64 {
        SplitMix64(state: name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 })
    }
}
