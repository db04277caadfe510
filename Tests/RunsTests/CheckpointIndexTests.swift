import Foundation
import HDF5
import Tensors
import TestSupport
import Testing

@testable import Runs

@Suite struct CheckpointIndexTests {
    /// A folder with an index and parts, each with one tensor of that name, and what the reader says of it.
    private func inventory(
        _ index: String, parts: [String: [String]] = [:], links: [String: String] = [:],
        isOld: Bool = false
    ) throws -> FileInventory {
        try withTemporaryFolder { folder in
            let home = "\(folder)/checkpoint-5"
            try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
            for (name, tensors) in parts {
                let entries = tensors.enumerated().map {
                    #""\#($1)":{"dtype":"U8","shape":[1],"data_offsets":[\#($0),\#($0 + 1)]}"#
                }
                let data = [UInt8](repeating: 7, count: tensors.count)
                try SafetensorsFileTests.bytes("{\(entries.joined(separator: ","))}", data)
                    .write(to: URL(fileURLWithPath: "\(home)/\(name)"))
            }
            for (name, target) in links {
                try FileManager.default.createSymbolicLink(atPath: "\(home)/\(name)", withDestinationPath: target)
            }
            let path = "\(home)/model.safetensors.index.json"
            try Data(index.utf8).write(to: URL(fileURLWithPath: path))
            if isOld {
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSince1970: 0)], ofItemAtPath: path)
            }
            return try CheckpointFileReader().inventory(of: path)
        }
    }

    private func refused(
        _ index: String, parts: [String: [String]] = [:], links: [String: String] = [:], isOld: Bool = false,
        _ words: String, kind: RunError.Kind = .malformed
    ) {
        let error = #expect(throws: RunError.self) { try inventory(index, parts: parts, links: links, isOld: isOld) }
        #expect(error?.kind == kind)
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    private let two = ["a.safetensors": ["v"], "b.safetensors": ["w"]]

    @Test func `the tensors of all parts are those of the checkpoint`() throws {
        let found = try inventory(#"{"weight_map":{"w":"b.safetensors","v":"a.safetensors"}}"#, parts: two)
        #expect(found.datasets.map(\.parts) == [["v"], ["w"]])
        #expect(found.path.hasSuffix("model.safetensors.index.json"))
    }

    @Test func `an index that does not list all parts that there are is refused`() {
        let (first, second) = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
        refused(
            "{\"weight_map\":{\"w\":\"\(second)\"}}", parts: [first: ["v"], second: ["w"]],
            "lists 1 file, and \(second) is one of 2; copy it again")
    }

    @Test(arguments: [
        "../a.safetensors", "/etc/passwd", "sub/a.safetensors", "..", "", ".", "a.safetensors/", "passwd",
        "model.safetensors.index.json",
    ])
    func `a file outside the folder, or not of weights, is refused`(name: String) {
        refused(#"{"weight_map":{"v":"\#(name)"}}"#, parts: two, "which is not one of weights in the index's folder")
    }

    @Test func `a link out of the folder is refused`() throws {
        let elsewhere = try Fixture.url("safetensors/types.safetensors").path()
        refused(
            #"{"weight_map":{"v":"c.safetensors"}}"#, links: ["c.safetensors": elsewhere], "which is not one of weights"
        )
        // A link inside the folder leads nowhere else.
        let found = try inventory(
            #"{"weight_map":{"v":"c.safetensors"}}"#, parts: two, links: ["c.safetensors": "a.safetensors"])
        #expect(found.datasets.count == 1)
    }

    @Test func `a file that is not there is waited for, and makes the checkpoint a damaged one`() {
        let map = #"{"weight_map":{"v":"c.safetensors"}}"#
        refused(map, "c.safetensors: is listed and not there yet: is the checkpoint still being", kind: .temporary)
        refused(map, isOld: true, "c.safetensors: is listed and not there; copy it there too")
    }

    @Test func `a tensor that its part lacks is refused`() {
        refused(
            #"{"weight_map":{"v":"a.safetensors","x":"b.safetensors"}}"#, parts: two, "x: is listed as in b.safetensors"
        )
    }

    @Test func `a tensor of a part that the index does not list is refused`() {
        refused(
            #"{"weight_map":{"v":"a.safetensors"}}"#, parts: ["a.safetensors": ["v", "x"]],
            "x: is in a.safetensors, and is not listed there")
    }

    @Test func `a tensor in two parts is refused`() {
        let parts = ["a.safetensors": ["v"], "b.safetensors": ["v", "w"]]
        refused(#"{"weight_map":{"v":"a.safetensors","w":"b.safetensors"}}"#, parts: parts, "v: is in b.safetensors")
        refused(
            #"{"weight_map":{"v":["a.safetensors","b.safetensors"],"w":"b.safetensors"}}"#, parts: parts,
            "v: is in two of its files: a.safetensors, b.safetensors")
    }

    @Test func `a group that its part lacks is refused`() throws {
        try withTemporaryFolder { folder in
            try HDF5File.writeAtomically(to: "\(folder)/m_00000.weights.h5") { root throws(HDF5Error) in
                try root.createGroup("layers").createGroup("a").write("0", Tensor([Float(1)], shape: [1]))
            }
            let path = "\(folder)/m.weights.json"
            let map = #"{"weight_map":{"/layers/a":"m_00000.weights.h5","/layers/b":"m_00000.weights.h5"}}"#
            try Data(map.utf8).write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: RunError.self) { try CheckpointFileReader().inventory(of: path) }
            #expect(error?.kind == .malformed && error?.object == "/layers/b")
            #expect(error?.reason.contains("is listed as in m_00000.weights.h5, and is not there; copy both") == true)
        }
    }

    @Test func `an index larger than any list is not read`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/model.safetensors.index.json"
            try Data().write(to: URL(fileURLWithPath: path))
            // A hole: no disk is used.
            truncate(path, off_t(CheckpointIndex.byteLimit + 1))
            let error = #expect(throws: RunError.self) { try CheckpointIndex(reading: path) }
            #expect(error?.kind == .malformed)
            #expect(error?.reason.contains("has 100000001 bytes, and 100000000 is the most") == true)
        }
    }

    @Test func `a tensor that is listed twice is refused`() {
        refused(#"{"weight_map":{"v":"a.safetensors","v":"b.safetensors"}}"#, parts: two, "v: stands twice")
        refused(#"{"weight_map":{"v":"a.safetensors"},"weight_map":{}}"#, parts: two, "`weight_map` twice")
    }

    @Test(arguments: [
        "", "[]", "{", "{}", #"{"weight_map":{}}"#, #"{"weight_map":[]}"#, #"{"weight_map":{"v":1}}"#, "{} x",
    ])
    func `what is no index is refused`(text: String) {
        refused(text, "model.safetensors.index.json")
    }
}
