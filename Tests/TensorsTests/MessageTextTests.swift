import Testing

@testable import Tensors

@Suite struct MessageTextTests {
    @Test func `a long text is cut, and says so`() {
        let name = String(repeating: "é", count: 1_000_000)
        #expect(name.abridged(to: 3) == "ééé…")
        #expect("ééé".abridged(to: 3) == "ééé")
        #expect("".abridged(to: 3) == "")
    }

    @Test func `a line break is no line break any more`() {
        #expect("w\ninstar: done\r\nx\u{2028}y".abridged(to: 100) == "w instar: done x y")
    }

    @Test func `of many names the first eight are listed`() {
        let names = (1...10).map { "w\($0)" }
        #expect(names.list == "w1, w2, w3, w4, w5, w6, w7, w8 and 2 more")
        #expect(names.prefix(8).list == "w1, w2, w3, w4, w5, w6, w7, w8")
        #expect([String(repeating: "w", count: 300)].list.count == MessageLimit.name + 1)
        #expect([String]().list == "")
    }

    @Test func `one is singular`() {
        #expect([0, 1, 2].map { $0.counted("file") } == ["0 files", "1 file", "2 files"])
    }
}
