import Foundation
import Glibc
import HDF5
import Tensors

/// What a reading process says to the one that asked.
enum WorkerMessage: Codable {
    /// The shared memory is to have this many bytes; the answer is one byte once it has.
    case grow(Int)
    /// Tensors stand in the shared memory; they may be overwritten once one byte came back.
    case tensors([SharedTensor])
    /// What there is to say besides tensors, as JSON, and the last tensors; they may be overwritten by the next answer.
    case done(String, [SharedTensor])
    case failed(RunError)
}

/// A tensor whose values stand in the shared memory.
struct SharedTensor {
    let name: String
    let dimensions: [Int]
    let number: StoredNumber
    let offset: Int
}

/// As one text, `float32 little 4096 64,64 NAME`: a checkpoint has hundreds, and coding each by its fields would take longer
/// than reading it.
extension SharedTensor: Codable {
    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        let extents = dimensions.map(String.init).joined(separator: ",")
        let order = number.isBigEndian ? "big" : "little"
        try container.encode("\(number.elementType.rawValue) \(order) \(offset) \(extents) \(name)")
    }

    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        let parts = text.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count == 5, let type = ElementType(rawValue: String(parts[0])), let offset = Int(parts[2]) else {
            throw WorkerChannel.Closed.garbled
        }
        self.init(
            name: String(parts[4]), dimensions: try parts[3].split(separator: ",").map { try Self.extent($0) },
            number: StoredNumber(elementType: type, isBigEndian: parts[1] == "big"), offset: offset)
    }

    private static func extent(_ text: Substring) throws -> Int {
        guard let extent = Int(text) else { throw WorkerChannel.Closed.garbled }
        return extent
    }
}

/// Two processes' connection: messages are JSON behind their length in four bytes, little-endian.
struct WorkerChannel {
    /// A connected socket.
    let descriptor: Int32

    /// Why nothing more will come.
    enum Closed: Error {
        case ended, timedOut, garbled
    }

    static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return encoder
    }

    static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return decoder
    }

    /// Sends a message; `ended` if the other end is gone.
    func send(_ message: some Encodable) throws {
        let body = try WorkerChannel.encoder.encode(message)
        var bytes = withUnsafeBytes(of: UInt32(body.count).littleEndian) { Data($0) }
        bytes.append(body)
        try write(bytes)
    }

    /// How long to wait: so many seconds without a sign of life, and as many again, ten times at most, where `isWorking`
    /// says so.
    struct Patience {
        let seconds: Double
        let isWorking: () -> Bool
    }

    /// Waits for a message; `ended` if the other end is gone, `timedOut` if it says nothing for too long, `garbled` if no
    /// message is as long.
    func receive<Message: Decodable>(_ type: Message.Type, within patience: Patience? = nil) throws -> Message {
        let length = try read(4, within: patience).reversed().reduce(0) { $0 << 8 | Int($1) }
        // An inventory of a million datasets stays far below.
        guard length < 1 << 30 else { throw Closed.garbled }
        return try WorkerChannel.decoder.decode(type, from: try read(length, within: patience))
    }

    /// Sends the one byte that means: go on.
    func goOn() throws { try write(Data([1])) }

    /// Waits for the one byte that means: go on.
    func waitToGoOn() throws { _ = try read(1, within: nil) }

    private func write(_ bytes: Data) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            // MSG_NOSIGNAL: a reader that is gone is an error here and no SIGPIPE.
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Closed.ended }
            rest = rest.dropFirst(count)
        }
    }

    private func read(_ count: Int, within patience: Patience?) throws -> Data {
        var bytes = Data(count: count)
        var filled = 0
        while filled < count {
            try waitForBytes(within: patience)
            let got = bytes.withUnsafeMutableBytes { buffer in
                buffer.baseAddress.map { Glibc.read(descriptor, $0 + filled, count - filled) } ?? 0
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { throw Closed.ended }
            filled += got
        }
        return bytes
    }

    private func waitForBytes(within patience: Patience?) throws {
        guard let patience else { return }
        for _ in 0..<10 {
            // In slices, as clocks go on while all processes are suspended together: only one is lost by that.
            var left = patience.seconds
            while left > 0 {
                let slice = min(left, 1)
                var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                let status = poll(&request, 1, Int32((slice * 1000).rounded(.up)))
                if status > 0 { return }
                guard status == 0 || errno == EINTR else { throw Closed.ended }
                if status == 0 { left -= slice }
            }
            guard patience.isWorking() else { break }
        }
        throw Closed.timedOut
    }
}
