import Foundation
import Runs
import TestSupport
import Testing

@Suite struct DigestTests {
    @Test func `bytes and files give the digests of FIPS 180`() throws {
        // NIST's examples: "abc" and the empty message.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        #expect(Digest.sha256Hex(Array("abc".utf8)) == abc)
        #expect(Digest.sha256Hex([]) == empty)
        try withTemporaryFolder { folder in
            try Data("abc".utf8).write(to: URL(fileURLWithPath: "\(folder)/a"))
            #expect(try Digest.sha256Hex(file: "\(folder)/a") == abc)
        }
        let error = #expect(throws: RunError.self) { try Digest.sha256Hex(file: "/nowhere/a") }
        #expect(error?.kind == .notFound && error?.reason == "is not there; expected a file")
    }

    @Test func `what cannot be read has no digest`() throws {
        try withTemporaryFolder { folder in
            let error = #expect(throws: RunError.self) { try Digest.sha256Hex(file: folder) }
            #expect(error?.kind == .malformed && error?.path == folder)
            #expect(error?.reason == "expected a file, found a folder or device", "\(error?.reason ?? "")")
        }
    }

    @Test func `texts do not run together`() {
        func digest(_ texts: [String]) -> String {
            var digest = Digest()
            for text in texts { digest.update(text) }
            return digest.hex
        }
        #expect(digest(["ab", "c"]) != digest(["a", "bc"]))
    }
}
