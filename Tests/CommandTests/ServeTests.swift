import Foundation
import TestSupport
import Testing

/// `instar serve DIR`, asked over a socket as anything on this machine could ask it.
@Suite struct ServeTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Two runs under `runs`, one of them with a name that must be escaped, and a secret beside `runs`.
    func makeRuns() throws {
        for name in ["runs/first", "runs/deeper/<b>second & 'third'"] {
            let folder = scratch.file(name)
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data(StagesTests.table.utf8).write(to: URL(fileURLWithPath: "\(folder)/series.csv"))
            let made = try Program.run("stages", "\(folder)/series.csv", "--output", "\(folder)/out", scratch: scratch)
            #expect(made.status == 0, "\(made.errors)")
        }
        try Data("secret".utf8).write(to: URL(fileURLWithPath: scratch.file("secret.txt")))
    }

    /// The identifiers of the runs that a list shows.
    func identifiers(_ page: String) -> [String] {
        page.components(separatedBy: #"name="run" value=""#).dropFirst().map { String($0.prefix { $0 != "\"" }) }
    }

    @Test func `runs are listed, reports opened and ticked runs compared`() throws {
        try makeRuns()
        let server = try Server(scratch.file("runs"))
        let list = try server.ask("/")
        #expect(list.status == 200 && list.headers["content-type"] == "text/html; charset=utf-8")
        #expect(list.headers["content-security-policy"]?.hasPrefix("default-src 'none'") == true)
        #expect(list.headers["x-content-type-options"] == "nosniff")
        #expect(!list.body.contains("<b>second"))
        let runs = identifiers(list.body)
        #expect(runs.count == 2)
        for run in runs {
            let report = try server.ask("/runs/\(run)/report.html")
            #expect(report.status == 200 && report.body.hasPrefix("<!DOCTYPE html>"))
            #expect(try server.ask("/runs/\(run)/stages.csv").headers["content-type"] == "text/csv; charset=utf-8")
        }
        let comparison = try server.ask("/compare?run=\(runs[0])&run=\(runs[1])")
        #expect(comparison.status == 200 && comparison.body.contains("2 training runs compared"))
        #expect(comparison.body.contains("Spread over training") || comparison.body.contains("End of stage 1"))
    }

    @Test func `an address that is no path is no page, and the server goes on`() throws {
        try makeRuns()
        let server = try Server(scratch.file("runs"))
        for address in ["*", "//", "/..", "/%00"] { #expect(try server.ask(address).status >= 400, "\(address)") }
        #expect(try server.ask("/").status == 200)
    }

    @Test func `a comparison that cannot be made says why on the list`() throws {
        try makeRuns()
        let server = try Server(scratch.file("runs"))
        let runs = try identifiers(server.ask("/").body)
        let run = try #require(runs.first)
        for (query, status, words) in [
            ("", 400, "Tick at least two runs"), ("?run=\(run)", 400, "Tick at least two runs"),
            ("?run=\(run)&run=0000000000000000", 404, "no longer here"),
            ("?run=\(run)&run=\(run)", 400, "same results"),
            ("?" + Array(repeating: "run=\(run)", count: 21).joined(separator: "&"), 400, "2 to 20"),
        ] {
            let answer = try server.ask("/compare\(query)")
            #expect(answer.status == status && answer.body.contains(words), "\(query): \(answer.status)")
        }
        try FileManager.default.createSymbolicLink(
            atPath: scratch.file("runs/first/out/more.h5"), withDestinationPath: scratch.file("secret.txt"))
        let answer = try server.ask("/compare?" + runs.map { "run=\($0)" }.joined(separator: "&"))
        #expect(answer.status == 400 && answer.body.contains("more.h5: a link that leads out of"))
    }

    /// Published files that bring libhdf5 down when they are opened.
    @Test(
        .enabled(if: Fixture.sharedData("hdf5/cve") != nil),
        arguments: ["cve-2018-13867", "cve-2018-13875", "cve-2018-16438", "cve-2019-9152"])
    func `results that bring libhdf5 down are damaged, and the server goes on`(name: String) throws {
        try makeRuns()
        let folder = try #require(Fixture.sharedData("hdf5/cve"))
        let measurements = scratch.file("runs/first/out/measurements.h5")
        try? FileManager.default.removeItem(atPath: measurements)
        try FileManager.default.copyItem(atPath: folder.appending(path: "\(name).h5").path, toPath: measurements)
        let server = try Server(scratch.file("runs"))
        let runs = try identifiers(server.ask("/").body)
        let answer = try server.ask("/compare?" + runs.map { "run=\($0)" }.joined(separator: "&"))
        // As on a page, where the apostrophe before is written otherwise.
        #expect(answer.status == 400 && answer.body.contains("measurements.h5: holds no measurements of Instar"))
        #expect(answer.body.contains("is damaged (signal 11 while reading /"), "\(answer.body)")
        #expect(try server.ask("/").status == 200)
        let errors = try Program.failure(status: 65, ["show", scratch.file("runs/first/out")], scratch: scratch)
        #expect(errors.contains("\(measurements): holds no measurements of Instar's, or is damaged ("), "\(errors)")
        #expect(errors.contains("Remove it and run `instar analyze`"), "\(errors)")
    }

    @Test func `no file outside the folder, and none but the results, can be reached`() throws {
        try makeRuns()
        let files = FileManager.default
        try files.removeItem(atPath: scratch.file("runs/first/out/summary.md"))
        try files.createSymbolicLink(
            atPath: scratch.file("runs/first/out/summary.md"), withDestinationPath: scratch.file("secret.txt"))
        try files.createSymbolicLink(
            atPath: scratch.file("runs/outside"), withDestinationPath: scratch.file("runs/first"))
        try files.createDirectory(atPath: scratch.file("runs/linked"), withIntermediateDirectories: true)
        try files.createSymbolicLink(
            atPath: scratch.file("runs/linked/analysis.json"), withDestinationPath: scratch.file("secret.txt"))
        let server = try Server(scratch.file("runs"))
        let list = try server.ask("/").body
        #expect(!list.contains("secret\n") && list.contains("leads out of"))
        let runs = identifiers(list)
        #expect(runs.count == 3, "the linked folder is not followed")
        for run in runs {
            #expect(!(try server.ask("/runs/\(run)/summary.md").body.contains("secret")))
            #expect(try server.ask("/runs/\(run)/series.h5").status == 404)
        }
        for address in [
            "/../secret.txt", "/runs/../../secret.txt", "/%2e%2e/secret.txt", "/runs/\(runs[0])/../../secret.txt",
            "/runs/\(runs[0])/..%2f..%2f..%2fsecret.txt", "/runs/..%2f..%2fsecret.txt", "//etc/passwd",
            "/runs//etc/passwd", "/runs/\(runs[0])/", "/runs/\(runs[0])", "/runs/\(runs[0])/report.html%00.txt",
            "/runs/\(runs[0])/report.html/", "/runs/first/report.html", "/\(String(repeating: "a", count: 5000))",
        ] {
            let answer = try server.ask(address)
            #expect(answer.status == 404 || answer.status == 400, "\(address): \(answer.status)")
            #expect(!answer.body.contains("secret\n") && !answer.body.contains("root:"), "\(address)")
        }
    }

    @Test func `only reading is allowed, and only under names of this machine`() throws {
        try makeRuns()
        let server = try Server(scratch.file("runs"))
        let head = try server.ask("/", method: "HEAD")
        #expect(head.status == 200 && head.body.isEmpty)
        for method in ["POST", "PUT", "DELETE"] {
            let answer = try server.ask("/", method: method)
            #expect(answer.status == 405 && answer.headers["allow"] == "GET, HEAD", "\(method)")
        }
        for (host, status) in [
            ("localhost:1", 200), ("[::1]:8642", 200), ("127.0.0.1", 200), ("rebound.example", 403), ("", 403),
        ] {
            #expect(try server.ask("/", host: host).status == status, "\(host)")
        }
    }

    @Test func `what is added or damaged while it is served shows at the next request`() throws {
        try FileManager.default.createDirectory(atPath: scratch.file("runs"), withIntermediateDirectories: true)
        let server = try Server(scratch.file("runs"))
        #expect(try server.ask("/").body.contains("No measured run is here yet."))
        try makeRuns()
        #expect(try identifiers(server.ask("/").body).count == 2)
        try Data("{".utf8).write(to: URL(fileURLWithPath: scratch.file("runs/first/out/analysis.json")))
        let list = try server.ask("/")
        #expect(list.status == 200 && list.body.contains("first/out/analysis.json"))
    }

    @Test func `a port in use, a missing folder and a file are refused in words`() throws {
        try makeRuns()
        let server = try Server(scratch.file("runs"))
        let again = try Program.run("serve", scratch.file("runs"), "--port", "\(server.port)", scratch: scratch)
        #expect(again.status == 1 && again.errors.contains("port \(server.port) of 127.0.0.1 is in use"))
        let missing = try Program.run("serve", scratch.file("none"), scratch: scratch)
        #expect(missing.status == 66 && missing.errors.contains("none: expected a folder"))
        let file = try Program.run("serve", scratch.file("secret.txt"), scratch: scratch)
        #expect(file.status == 65 && file.errors.contains("found a file"))
        #expect(try Program.run("serve", scratch.file("runs"), "--port", "70000", scratch: scratch).status == 64)
    }

    @Test func `it ends in order when it is interrupted`() throws {
        try makeRuns()
        let server = try Server(scratch.file("runs"))
        #expect(try server.ask("/").status == 200)
        #expect(server.interrupt() == 0)
    }
}

/// The program serving a folder, at a free port, until this is gone.
private final class Server {
    struct Answer {
        var status: Int
        var headers: [String: String]
        var body: String
    }

    let port: UInt16
    private let process: Process
    private let scratch: Scratch

    init(_ folder: String) throws {
        scratch = try Scratch()
        process = try Program.process(["serve", folder, "--port", "0"], scratch: scratch)
        try process.run()
        var line = ""
        let deadline = Date().addingTimeInterval(60)
        while !line.hasSuffix("/\n"), Date() < deadline, process.isRunning {
            Thread.sleep(forTimeInterval: 0.02)
            line = try scratch.text("stdout")
        }
        port = try #require(line.split(separator: ":").last.flatMap { UInt16($0.dropLast(2)) })
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
    }

    /// Interrupts it, as Ctrl-C does, and returns its status.
    func interrupt() -> Int32 {
        process.interrupt()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Sends the address as it is: a client library would tidy it up first.
    func ask(_ address: String, method: String = "GET", host: String = "127.0.0.1") throws -> Answer {
        let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(connection) }
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = port.bigEndian
        place.sin_addr.s_addr = inet_addr("127.0.0.1")
        let isConnected = withUnsafePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        try #require(isConnected)
        let request = Array("\(method) \(address) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n".utf8)
        #expect(send(connection, request, request.count, 0) == request.count)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = recv(connection, &buffer, buffer.count, 0), count > 0 { bytes += buffer.prefix(count) }
        let text = String(decoding: bytes, as: UTF8.self).replacingOccurrences(of: "\r\n", with: "\n")
        let parts = text.components(separatedBy: "\n\n")
        let lines = parts[0].components(separatedBy: "\n")
        let headers = lines.dropFirst().compactMap { line -> (String, String)? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return (line[..<colon].lowercased(), line[line.index(colon, offsetBy: 2)...].description)
        }
        let status = try #require(lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) })
        return Answer(
            status: status, headers: Dictionary(headers, uniquingKeysWith: { $1 }),
            body: parts.dropFirst().joined(separator: "\n\n"))
    }
}
