import Foundation
import HDF5
import Runs

/// Writes texts under their names below a folder, each complete or not at all; earlier files stay when there is no room
/// for new ones.
///
/// - Parameters:
///   - files: Names with at most one folder before them, and what they hold.
///   - folder: The folder of results, which is there: take it with `StoreLock` first.
/// - Throws: `Failure` of kind `io` naming the file; `unsupported` where a folder below `folder` is a link.
public func writeFiles(_ files: [(name: String, text: String)], to folder: String) throws(Failure) {
    do throws(HDF5Error) {
        try AtomicFile.together { () throws(HDF5Error) in
            for (name, text) in files {
                if let end = name.lastIndex(of: "/") { try AtomicFile.makeFolder("\(folder)/\(name[..<end])") }
                try AtomicFile.write(Array(text.utf8), to: "\(folder)/\(name)")
            }
        }
    } catch {
        throw Failure(wrapping: error)
    }
}

/// Ends the process as it is, but not while a file is half-written, and with folders of results given back.
public func endProcess(status: Int32) -> Never {
    AtomicFile.betweenWrites {
        StoreLock.releaseAll()
        _exit(status)
    }
}

/// Removes the figures of an earlier report that are none of the present one.
///
/// - Parameters:
///   - names: The files that stay.
///   - folder: The folder of results.
public func removeFigures(besides names: Set<String>, in folder: String) {
    let figures = "\(folder)/figures"
    // Through a link, files of another folder would be removed.
    guard (try? FileManager.default.destinationOfSymbolicLink(atPath: figures)) == nil else { return }
    for name in (try? FileManager.default.contentsOfDirectory(atPath: figures)) ?? []
    where name.hasSuffix(".svg") && !names.contains(name) {
        unlink("\(figures)/\(name)")
    }
}

/// A value as the JSON of stored files: with its keys in order, so that equal values give equal bytes.
func storedJSON(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// Reads what `storedJSON` made; nil where there is no file.
///
/// - Parameters:
///   - expected: What the file should hold, in words.
///   - remedy: What to do where it holds something else, as a sentence.
func readStoredJSON<Value: Decodable>(
    _ path: String, expected: String, remedy: String
) throws(Failure) -> Value? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let bytes: [UInt8]
    do throws(RunError) { bytes = try readBytes(path, greatestByteCount: 64 << 20) } catch {
        guard error.kind != .io else { throw Failure(wrapping: error) }
        throw Failure(Failure(wrapping: error).kind, "\(error). \(remedy)")
    }
    do { return try JSONDecoder().decode(Value.self, from: Data(bytes)) } catch {
        throw Failure(
            .malformed, "\(path): expected \(expected), found something else, or only a part of it. \(remedy)")
    }
}
