import Foundation
import Testing

@testable import Pipeline

@Suite struct UnitLocksTests {
    @Test func `one holds a lock at a time, and it is given up with its holder`() throws {
        let copy = try RunCopy()
        let observer = try UnitLocks(in: copy.path)
        try #require(observer.areSupported)
        do {
            let first = try UnitLocks(in: copy.path)
            let second = try UnitLocks(in: copy.path)
            #expect(first.take(.unit("a")))
            #expect(!second.take(.unit("a")))
            #expect(second.take(.unit("b")))
            #expect(first.take(.task("a")))
            #expect(observer.isHeld(.task("a")))
            #expect(!observer.isHeld(.task("b")))
            // Records are no units.
            #expect(observer.heldUnitCount() == 2)
            first.give(.unit("a"))
            #expect(second.take(.unit("a")))
            #expect(observer.heldUnitCount() == 2)
        }
        #expect(observer.heldUnitCount() == 0)
        #expect(!observer.isHeld(.task("a")))
    }

    @Test func `a file of locks that cannot be opened is a failure`() throws {
        let copy = try RunCopy()
        try FileManager.default.createDirectory(
            atPath: "\(copy.path)/units.lock", withIntermediateDirectories: false)
        let failure = #expect(throws: Failure.self) { try UnitLocks(in: copy.path) }
        #expect(failure?.kind == .io)
        #expect(failure?.reason.contains("\(copy.path)/units.lock: cannot be opened (it is a folder") == true)
    }

    @Test func `a lock is waited for`() async throws {
        let copy = try RunCopy()
        let first = try UnitLocks(in: copy.path)
        let second = try UnitLocks(in: copy.path)
        #expect(first.take(.settings))
        let waiting = Task { try await second.wait(for: .settings) }
        try await Task.sleep(for: .milliseconds(50))
        first.give(.settings)
        try await waiting.value
        #expect(!first.take(.settings))
    }

    @Test func `a file of locks that is a link or a pipe is refused, and nothing is made`() throws {
        let copy = try RunCopy()
        let path = "\(copy.path)/units.lock"
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "\(copy.path)/made")
        let link = #expect(throws: Failure.self) { try UnitLocks(in: copy.path) }
        #expect(link?.kind == .io && !FileManager.default.fileExists(atPath: "\(copy.path)/made"))
        try FileManager.default.removeItem(atPath: path)
        try #require(mkfifo(path, 0o600) == 0)
        #expect(UnitLocks(lookingAt: copy.path) == nil)
        #expect(throws: Failure.self) { try UnitLocks(in: copy.path) }
    }
}
