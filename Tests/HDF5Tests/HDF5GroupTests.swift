import Foundation
import HDF5
import TestSupport
import Testing

@Suite struct HDF5GroupTests {
    private func open(_ name: String) throws -> HDF5Group {
        try HDF5File(reading: Fixture.url("hdf5/\(name)").path()).root()
    }

    @Test func `members come in the order of their names, and links out of the file are refused`() throws {
        let members = try open("links.h5").members()
        #expect(members.map(\.name) == ["by_way_of_outside", "circle", "dangling", "outside", "soft", "weights"])
        #expect(members.last?.kind == .group)
        #expect(members.first { $0.name == "soft" }?.kind == .dataset)
        for name in ["by_way_of_outside", "circle", "dangling", "outside"] {
            let member = try #require(members.first { $0.name == name })
            guard case .refused = member.kind else {
                Issue.record("\(name) is \(member.kind)")
                continue
            }
        }
    }

    @Test(arguments: [
        ("outside", HDF5Error.Kind.unsupported, "lies behind an external link; copy what it points to into the file"),
        ("by_way_of_outside", .unsupported, "lies behind an external link"),
        ("dangling", .notFound, "is not in the file"),
        ("circle", .malformed, "is a chain of links without end"),
    ])
    func `opening through a bad link says what it is`(name: String, kind: HDF5Error.Kind, words: String) throws {
        let error = #expect(throws: HDF5Error.self) { try open("links.h5").dataset(name) }
        #expect(error?.kind == kind, "\(error?.reason ?? "")")
        #expect(error?.reason.contains(words) == true, "\(error?.reason ?? "")")
    }

    @Test func `a group that contains itself is entered once`() throws {
        var paths: [String] = []
        try open("sound_links.h5").forEachDataset { parts throws(HDF5Error) in
            paths.append(parts.joined(separator: "/"))
        }
        #expect(paths == ["soft", "weights/a"])
    }

    @Test func `a walk refuses a file with links out of it`() throws {
        let error = #expect(throws: HDF5Error.self) { try open("links.h5").forEachDataset { _ throws(HDF5Error) in } }
        #expect(error?.kind == .unsupported)
    }

    @Test func `what is not there is not found, and a dataset is no group`() throws {
        let root = try open("sound_links.h5")
        let absent = #expect(throws: HDF5Error.self) { try root.dataset("absent") }
        #expect(absent?.kind == .notFound && absent?.object == "/absent")
        let dataset = #expect(throws: HDF5Error.self) { try root.group("soft") }
        #expect(dataset?.kind == .mismatch && dataset?.reason == "expected a group, found a dataset or type")
        let group = #expect(throws: HDF5Error.self) { try root.dataset("weights") }
        #expect(group?.kind == .mismatch && group?.reason == "expected a dataset, found a group or type")
    }
}
