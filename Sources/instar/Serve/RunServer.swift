import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Pipeline
import Reports

/// Answers requests for the pages of a library: the list at `/`, files at `/runs/IDENTIFIER/FILE`, comparisons at
/// `/compare?run=IDENTIFIER&run=IDENTIFIER`. It only reads.
struct RunServer: Sendable {
    /// The runs.
    let library: RunLibrary
    /// The name or address that it listens at.
    let host: String

    /// Answers requests until its task is cancelled.
    ///
    /// - Parameters:
    ///   - port: Where to listen; 0 for any port that is free.
    ///   - onListening: Called once with the port.
    /// - Throws: `Failure` where it cannot listen.
    func run(port: Int, onListening: @escaping @Sendable (Int) -> Void) async throws {
        var logger = Logger(label: "instar serve")
        logger.logLevel = .critical
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in await respond(to: request) },
            // Whoever keeps connections open and asks nothing keeps neither others out nor files from being opened.
            server: .http1(configuration: .init(idleTimeout: .seconds(30))),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: .maximum(64, logger: logger)),
            onServerRunning: { channel in onListening(channel.localAddress?.port ?? port) }, logger: logger)
        do {
            try await application.run()
        } catch is CancellationError {
            // Being stopped is how serving ends.
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw Failure(
                .io, "port \(port) of \(host) is in use: state another with --port, or 0 for any that is free")
        } catch let error as IOError where error.errnoCode == EACCES {
            throw Failure(.io, "port \(port) of \(host) is not open to this user: state one from 1024 on with --port")
        } catch {
            let reason =
                switch error {
                case let error as IOError: String(cString: strerror(error.errnoCode))
                case is SocketAddressError: "no address is known for this name"
                default: "\(error)"
                }
            throw Failure(.io, "cannot listen at port \(port) of \(host): \(reason). Check --host and --port")
        }
    }

    private func respond(to request: Request) async -> Response {
        guard isKnown(authority: request.head.authority) else {
            return plain(
                .forbidden, "This name is not one that this server goes by. Use its address, or start it with --host.")
        }
        guard request.method == .get || request.method == .head else {
            var response = plain(.methodNotAllowed, "Pages here can only be read.")
            response.headers[.allow] = "GET, HEAD"
            return response
        }
        let response = await page(at: request.uri.path, query: request.uri.query ?? "")
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func page(at path: String, query: String) async -> Response {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
        do {
            switch (parts.count, parts.first) {
            case (1, ""): return try await list()
            case (1, "compare"): return try await comparison(query)
            case (3, "runs"):
                guard let file = await library.file(parts[2], of: parts[1]) else { break }
                return answer(.ok, file.data, type: file.type, policy: "frame-ancestors 'none'")
            default: break
            }
            return plain(.notFound, "There is no such page. The list of runs is at /")
        } catch {
            return plain(.internalServerError, library.words(of: error))
        }
    }

    private func list(
        _ status: HTTPResponse.Status = .ok, ticked: [String] = [], problem: String? = nil
    ) async throws -> Response {
        let page = try await library.index(ticked: Set(ticked), problem: problem).html()
        return answer(
            status, Data(page.utf8), type: "text/html; charset=utf-8", policy: RunIndex.contentSecurityPolicy)
    }

    /// The comparison, or the list again with what is in its way.
    private func comparison(_ query: String) async throws -> Response {
        let ticked = (URLComponents(string: "?\(query)")?.queryItems ?? []).filter { $0.name == "run" }.compactMap(
            \.value)
        do {
            let page = try await library.comparison(of: ticked)
            return answer(
                .ok, Data(page.utf8), type: "text/html; charset=utf-8", policy: "frame-ancestors 'none'")
        } catch {
            let problem = ticked.count < 2 ? "Tick at least two runs to compare them." : library.words(of: error)
            return try await list(
                Failure(wrapping: error).kind == .notFound ? .notFound : .badRequest, ticked: ticked, problem: problem)
        }
    }

    /// Whether the request was made to an address, to this machine's name, or to the name that was stated.
    ///
    /// A page from elsewhere can make its own name resolve to this machine and so read what is served; it cannot make
    /// the browser send another name. The port is not looked at: a tunnel may have another.
    private func isKnown(authority: String?) -> Bool {
        guard let name = authority.flatMap({ URLComponents(string: "http://\($0)")?.host })?.lowercased() else {
            return false
        }
        let bare = name.trimmingCharacters(in: ["[", "]"])
        return ["localhost", host.lowercased(), ProcessInfo.processInfo.hostName.lowercased()].contains(bare)
            || (try? SocketAddress(ipAddress: bare, port: 0)) != nil
    }

    private func plain(_ status: HTTPResponse.Status, _ text: String) -> Response {
        answer(status, Data("\(text)\n".utf8), type: "text/plain; charset=utf-8", policy: "default-src 'none'")
    }

    private func answer(_ status: HTTPResponse.Status, _ data: Data, type: String, policy: String) -> Response {
        var headers: HTTPFields = [
            .contentType: type, .contentSecurityPolicy: policy, .xContentTypeOptions: "nosniff",
            .cacheControl: "no-store",
        ]
        for (name, value) in [
            // Referrer Policy, §4.1; Fetch, §3.7.
            ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Resource-Policy", "same-origin"),
        ] {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
    }
}
