import Testing

@testable import Development

@Suite struct `Numbers as text` {
    @Test(arguments: [
        (0, "0"), (900, "900"), (1_000, "1,000"), (17_500, "17,500"), (1_234_567, "1,234,567"), (-1_500, "−1,500"),
    ])
    func `steps have their thousands separated`(step: Int, text: String) {
        #expect(Format.step(step) == text)
    }

    @Test(arguments: [
        (16_731.2, "16,700"), (874.5, "875"), (8.04, "8.0"), (0, "0"), (99_960.4, "100,000"), (49_999, "49,999"),
        (.infinity, "–"),
    ])
    func `inferred steps have three digits, whole ones all of theirs`(step: Double, text: String) {
        #expect(Format.step(step) == text)
    }

    @Test(arguments: [
        (3.14159, "3.14"), (-0.001234, "−0.00123"), (9.996, "10.0"), (123_456, "123456"), (1e6, "1.00·10⁶"),
        (-2.5e-7, "−2.50·10⁻⁷"), (0, "0"), (.nan, "–"),
    ])
    func `values have significant digits`(value: Double, text: String) {
        #expect(Format.value(value) == text)
    }

    @Test(arguments: [
        (26.412, 0.2234, "26.41 ± 0.22"), (-1.529, 0.084, "−1.529 ± 0.084"), (1234.5, 67.8, "1234 ± 68"),
        (5, 0, "5.00"), (-0.001, 0.4, "0.00 ± 0.40"), (2, 0.0996, "2.00 ± 0.10"),
        (1e-9, 1e-10, "1.00·10⁻⁹ ± 1.0·10⁻¹⁰"),
    ])
    func `a value is as long as its error allows`(value: Double, error: Double, text: String) {
        #expect(Format.estimate(Estimate(value: value, standardError: error)) == text)
    }

    @Test func `a change has its sign`() {
        #expect(Format.change(Estimate(value: 22.46, standardError: 0.15)) == "+22.46 ± 0.15")
        #expect(Format.change(Estimate(value: -2, standardError: 0.5)) == "−2.00 ± 0.50")
        #expect(Format.change(Estimate(value: 0, standardError: 0)) == "0")
    }

    @Test func `intervals, shares, counts and lists`() {
        #expect(Format.interval(800...1_020) == "[800, 1,020]")
        #expect(Format.share(0.60793) == "60.8 %")
        #expect(Format.count(3, "stage") == "Three stages")
        #expect(Format.count(1, "stage") == "One stage")
        #expect(Format.count(12, "stage") == "12 stages")
        #expect(Format.list(["a", "b", "c"]) == "a, b and c")
        #expect(Format.list(["a"]) == "a")
        #expect(Format.sentence("chains drift") == "Chains drift.")
        #expect(Format.sentence("λ̂ = −1") == "λ̂ = −1." && Format.sentence("It drifts.") == "It drifts.")
        #expect(Format.exact(300) == "300" && Format.exact(0.003) == "0.003")
    }

    @Test func `an inferred step is not rounded out of the interval beside it`() {
        #expect(Format.step(13_554.999, in: 13_550...13_560) == "13,550")
        #expect(Format.step(16_731.2, in: 15_200...18_400) == "16,700")
        #expect(Format.interval(13_550.2...13_559.8) == "[13,550, 13,560]")
        #expect(Format.step(8_989.5, in: 8_985.1...8_993.7) == "8,990")
    }
}
