import Foundation
import Pipeline
import Reports
import Runs

/// Reads an `analysis.json` that `instar analyze` wrote.
///
/// - Throws: `Failure` for a file that is not there, is no JSON, is none of ours, or is of another schema.
func readAnalysisDocument(_ path: String) throws(Failure) -> AnalysisDocument {
    /// What every document of ours holds.
    struct Head: Decodable {
        var schema: String
    }
    let remedy = "Run `instar analyze` or `instar report` on the run again, and name the analysis.json it writes"
    guard FileManager.default.fileExists(atPath: path) else {
        throw Failure(.notFound, "\(path): expected an analysis.json of Instar's, found no such file. \(remedy)")
    }
    let data: Data
    do throws(RunError) { data = Data(try readText(path).utf8) } catch { throw Failure(wrapping: error) }
    guard let head = try? JSONDecoder().decode(Head.self, from: data) else {
        let isJSON = (try? JSONSerialization.jsonObject(with: data)) != nil
        throw Failure(
            .malformed,
            "\(path): expected an analysis.json of Instar's, found \(isJSON ? "another JSON, without a schema" : "no JSON, or one that is cut short"). \(remedy)"
        )
    }
    guard head.schema == AnalysisDocument.currentSchema else {
        throw Failure(
            .mismatch,
            "\(path): expected the schema \(AnalysisDocument.currentSchema), found \(head.schema.prefix(80)). \(remedy)"
        )
    }
    let document: AnalysisDocument
    do { document = try JSONDecoder().decode(AnalysisDocument.self, from: data) } catch {
        throw Failure(
            .malformed,
            "\(path): expected \(AnalysisDocument.currentSchema), found a document that lacks a part of it or was "
                + "written by another version (\(error.shortWords)). \(remedy)")
    }
    if let contradiction = document.contradiction {
        throw Failure(.malformed, "\(path): was changed since it was written: \(contradiction). \(remedy)")
    }
    return document
}

extension DecodingError {
    fileprivate var place: String {
        let context: Context? =
            switch self {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
                .dataCorrupted(let context):
                context
            @unknown default: nil
            }
        let path = (context?.codingPath ?? []).map(\.stringValue)
        if case .keyNotFound(let key, _) = self { return (path + [key.stringValue]).joined(separator: ".") }
        return path.joined(separator: ".")
    }
}

extension Error {
    /// Where a decoder stopped.
    fileprivate var shortWords: String { (self as? DecodingError).map { "at \($0.place)" } ?? "\(self)" }
}
