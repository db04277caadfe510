import Development
import Foundation
import Pipeline
import Reports
import Runs

/// The measured runs under a folder: every folder that holds an `analysis.json`.
///
/// Folders are looked for anew at each request; an analysis is read again only when its file has changed. Names in
/// requests are identifiers of runs that were found and names of a fixed list, never paths, and whatever is opened lies
/// within the folder after all links are followed: no file outside can be reached.
actor RunLibrary {
    /// A run that was found.
    struct Entry: Sendable {
        /// 16 hexadecimal digits that follow from `place`.
        var identifier: String
        /// The folder with the results, relative to the library's.
        var place: String
        /// The folder with the results.
        var folder: String
    }

    /// The files that can be opened, and what they are.
    static let types = [
        "report.html": "text/html; charset=utf-8", "calibration.html": "text/html; charset=utf-8",
        "analysis.json": "application/json", "series.csv": "text/csv; charset=utf-8",
        "stages.csv": "text/csv; charset=utf-8", "stages.tex": "text/plain; charset=utf-8",
        "summary.md": "text/plain; charset=utf-8",
    ]
    private static let (largestDepth, largestFolderCount, largestRunCount) = (8, 20_000, 500)

    /// The folder, with all links followed.
    let folder: String
    private let workers: ReadingWorkers?
    private var listed: [String: (size: Int, date: Date, run: RunIndex.Run)] = [:]

    /// - Throws: `Failure` where there is no such folder.
    init(folder: String) throws(Failure) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) else {
            throw Failure(.notFound, "\(folder): expected a folder that runs lie in, found nothing there")
        }
        guard isFolder.boolValue else {
            throw Failure(.malformed, "\(folder): expected a folder that runs lie in, found a file. Name its folder")
        }
        guard let real = realPath(folder), (try? FileManager.default.contentsOfDirectory(atPath: real)) != nil else {
            throw Failure(.io, "\(folder): cannot be listed. Check its permissions")
        }
        self.folder = real
        workers = ReadingWorkers.current
    }

    /// All runs in the order of their places, numbers by value; and whether there are more than were looked for.
    func entries() -> (entries: [Entry], isCut: Bool) {
        var entries: [Entry] = []
        var pending = [(path: folder, depth: 0)]
        var seen = 0
        while let (path, depth) = pending.popLast() {
            seen += 1
            if seen > Self.largestFolderCount || entries.count == Self.largestRunCount {
                return (sorted(entries), true)
            }
            let url = URL(fileURLWithPath: path, isDirectory: true)
            let keys: [URLResourceKey] = [.isDirectoryKey, .isSymbolicLinkKey]
            // A folder that cannot be listed holds nothing that could be shown.
            let contents =
                (try? FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: keys)) ?? []
            if contents.contains(where: { $0.lastPathComponent == "analysis.json" }) {
                let relative = path == folder ? "." : String(path.dropFirst(folder == "/" ? 1 : folder.count + 1))
                entries.append(Entry(identifier: Self.identifier(of: relative), place: relative, folder: path))
                continue
            }
            guard depth < Self.largestDepth else { continue }
            for item in contents where !item.lastPathComponent.hasPrefix(".") {
                let values = try? item.resourceValues(forKeys: Set(keys))
                guard values?.isDirectory == true, values?.isSymbolicLink != true else { continue }
                pending.append((item.path, depth + 1))
            }
        }
        return (sorted(entries), false)
    }

    private func sorted(_ entries: [Entry]) -> [Entry] {
        entries.sorted { $0.place.compare($1.place, options: .numeric) == .orderedAscending }
    }

    private static func identifier(of place: String) -> String {
        String(Digest.sha256Hex([UInt8](place.utf8)).prefix(16))
    }

    /// The page that lists the runs, with the boxes of `ticked` ticked.
    func index(ticked: Set<String> = [], problem: String? = nil) -> RunIndex {
        let (entries, isCut) = entries()
        let runs = entries.map { entry in
            var run = listing(of: entry)
            run.isTicked = ticked.contains(entry.identifier)
            return run
        }
        listed = listed.filter { path, _ in entries.contains { $0.folder == path } }
        let name = URL(fileURLWithPath: folder).lastPathComponent
        return RunIndex(folder: name, runs: runs, problem: problem, isCut: isCut)
    }

    private func listing(of entry: Entry) -> RunIndex.Run {
        let analysis = "\(entry.folder)/analysis.json"
        let attributes = try? FileManager.default.attributesOfItem(atPath: analysis)
        let size = attributes?[.size] as? Int ?? 0
        let date = attributes?[.modificationDate] as? Date ?? .distantPast
        if let known = listed[entry.folder], known.size == size, known.date == date { return known.run }
        let files = Self.types.keys.sorted().filter { path(of: $0, in: entry) != nil }
        // Where results lie is their run's folder.
        let place = entry.place.hasSuffix("/instar") ? String(entry.place.dropLast("/instar".count)) : entry.place
        let run: RunIndex.Run
        do {
            guard let path = path(of: "analysis.json", in: entry) else { throw outside(analysis) }
            run = RunIndex.Run(
                identifier: entry.identifier, place: place, files: files,
                analysis: Analysis(try readAnalysisDocument(path)))
        } catch {
            run = RunIndex.Run(identifier: entry.identifier, place: place, files: files, problem: words(of: error))
        }
        listed[entry.folder] = (size, date, run)
        return run
    }

    /// What a page says of an error: where the library lies is nobody's business.
    nonisolated func words(of error: any Error) -> String {
        let reason = Failure(wrapping: error).reason
        return folder == "/" ? reason : reason.replacingOccurrences(of: "\(folder)/", with: "")
    }

    /// The contents of a file of a run and its type; nil for anything that is not on the list.
    func file(_ name: String, of identifier: String) -> (data: Data, type: String)? {
        guard let type = Self.types[name], let entry = entries().entries.first(where: { $0.identifier == identifier }),
            let path = path(of: name, in: entry), let text = try? readText(path)
        else { return nil }
        return (Data(text.utf8), type)
    }

    /// The page that compares runs, the first being the baseline.
    ///
    /// - Throws: `Failure` for a run that is not here, or runs that cannot be compared.
    func comparison(of identifiers: [String]) throws -> String {
        let entries = entries().entries
        let runs = try identifiers.map { identifier in
            guard let entry = entries.first(where: { $0.identifier == identifier }) else {
                throw Failure(.notFound, "a run that was ticked is no longer here: load the list again")
            }
            try requireNoWayOut(of: entry)
            let hasMeasurements = FileManager.default.fileExists(atPath: "\(entry.folder)/measurements.h5")
            return try comparedRun(hasMeasurements ? entry.folder : "\(entry.folder)/analysis.json")
        }
        // Requests come from outside of the command's task, which has them.
        return try ReadingWorkers.$current.withValue(workers) {
            try ComparisonReport(comparison: try compareRuns(runs)).html()
        }
    }

    /// The real path of a file of a run; nil where there is none within the library's folder.
    private func path(of name: String, in entry: Entry) -> String? {
        realPath("\(entry.folder)/\(name)").flatMap { contains($0) ? $0 : nil }
    }

    private func contains(_ realPath: String) -> Bool { folder == "/" || realPath.hasPrefix(folder + "/") }

    /// Throws where a link among the results leads out of the library's folder: comparisons read whatever they name.
    private func requireNoWayOut(of entry: Entry) throws(Failure) {
        for name in (try? FileManager.default.subpathsOfDirectory(atPath: entry.folder)) ?? [] {
            let path = "\(entry.folder)/\(name)"
            if (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil,
                !(realPath(path).map(contains) ?? false)
            {
                throw outside(path)
            }
        }
    }

    private func outside(_ path: String) -> Failure {
        Failure(
            .unsupported,
            "\(path): a link that leads out of the folder that is served, and is not followed. Put the file itself there"
        )
    }
}

/// The path with all links followed; nil where nothing is there.
private func realPath(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
}
