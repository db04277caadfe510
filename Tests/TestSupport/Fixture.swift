public import Foundation

/// Files that tests read, found by walking up from this file to the package's root.
public enum Fixture {
    /// The folder that holds `Package.swift` and `Fixtures`; nil where the sources were moved away.
    public static let root: URL? = {
        var folder = URL(filePath: #filePath).deletingLastPathComponent()
        while folder.path != "/" {
            let manager = FileManager.default
            if manager.fileExists(atPath: folder.appending(path: "Package.swift").path),
                manager.fileExists(atPath: folder.appending(path: "Fixtures").path)
            {
                return folder
            }
            folder.deleteLastPathComponent()
        }
        return nil
    }()

    /// A fixture by its path below `Fixtures`, e.g. `hdf5/plain.h5`.
    ///
    /// - Throws: ``MissingFixture`` where there is no such file or folder.
    public static func url(_ path: String) throws -> URL {
        guard let url = root?.appending(path: "Fixtures").appending(path: path),
            FileManager.default.fileExists(atPath: url.path)
        else { throw MissingFixture(path: "Fixtures/\(path)") }
        return url
    }

    /// The bytes of a fixture.
    public static func data(_ path: String) throws -> Data { try Data(contentsOf: url(path)) }

    /// A file of the reference data that may lie beside the repository; nil where it does not.
    public static func sharedData(_ path: String) -> URL? {
        guard let url = root?.deletingLastPathComponent().appending(path: "shared/data").appending(path: path) else {
            return nil
        }
        return FileManager.default.fileExists(atPath: url.path) ? url : nil
    }
}

/// A fixture that is not in the repository.
public struct MissingFixture: Error, CustomStringConvertible {
    /// The path below the repository's root.
    public let path: String
    /// The path with what to do.
    public var description: String { "\(path) is missing: run its generator in Scripts/make-fixtures" }
}
