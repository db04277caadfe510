import CLinux
import Foundation
import HDF5
import Tensors

/// Serves the requests of the process that started this one, until that one closes the connection.
///
/// Descriptor 3 is the connection, 4 the shared memory. Before the first file is touched, this process gives up what
/// reading does not need: see `confine`.
///
/// - Parameters:
///   - memory: Bytes that may be allocated.
///   - seconds: Seconds of computing that a request may take; one more is granted for each 4 MB of the file.
///   - allowsFilters: Whether libhdf5 may load filters from `HDF5_PLUGIN_PATH`.
/// - Throws: Where the connection or the memory is not there, or the process cannot be confined.
public func serveReads(memory: Int, seconds: Double, allowsFilters: Bool = false) throws {
    if allowsFilters { HDF5File.allowFilterPlugins() }
    guard let shared = SharedMemory(inherited: 4) else {
        throw RunError(.io, "this command is started by Instar itself, to read files", path: "descriptor 4")
    }
    try confine(memory: memory)
    let channel = WorkerChannel(descriptor: 3)
    let place = Place(shared)
    HDF5File.observeObjects { place.note($0) }
    while let request = try? channel.receive(ReadRequest.self) {
        place.note("")
        limitComputing(seconds, file: request.path)
        let sink = SharedSink(channel: channel, memory: shared)
        do {
            let json = try request.perform(into: sink)
            try channel.send(WorkerMessage.done(json, sink.waiting))
        } catch let error as RunError {
            try channel.send(WorkerMessage.failed(error))
        }
    }
}

/// Where in a file this process is.
///
/// `@unchecked Sendable`: objects are opened by the one thread that serves requests.
private final class Place: @unchecked Sendable {
    private let memory: SharedMemory

    init(_ memory: SharedMemory) { self.memory = memory }

    func note(_ path: String) { memory.place = path }
}

/// Puts the values of tensors into the shared memory and says where they are: many small ones at once, large ones alone.
private final class SharedSink: TensorSink {
    /// Bytes after which tensors are handed over.
    private static let batch = 32 << 20

    private let channel: WorkerChannel
    private let memory: SharedMemory
    /// Tensors that were not handed over yet.
    private(set) var waiting: [SharedTensor] = []
    private var end = SharedMemory.start

    init(channel: WorkerChannel, memory: SharedMemory) {
        self.channel = channel
        self.memory = memory
    }

    func add(_ dataset: HDF5Dataset, row: Int?, name: String) throws(HDF5Error) {
        let rows = try dataset.rows(row)
        var offset = end
        let (number, shape) = try dataset.readStored(rows: rows) { count throws(HDF5Error) in
            let place = try reserve(count, dataset.file.path)
            offset = place.offset
            return place.bytes
        }
        waiting.append(
            SharedTensor(
                name: name, dimensions: (rows == nil ? shape : shape.withoutFirstAxis).dimensions, number: number,
                offset: offset))
    }

    func add(_ tensor: Tensor, name: String) throws(HDF5Error) {
        func add<Element>(_ values: [Element], _ type: ElementType) throws(HDF5Error) {
            let (offset, bytes) = try reserve(values.count * MemoryLayout<Element>.stride, "")
            values.withUnsafeBytes { bytes.copyMemory(from: $0) }
            waiting.append(
                SharedTensor(
                    name: name, dimensions: tensor.shape.dimensions, number: StoredNumber(native: type), offset: offset)
            )
        }
        switch tensor.elements {
        case .float(let values): try add(values, .float32)
        case .double(let values): try add(values, .float64)
        case .integer(let values): try add(values, .int64)
        }
    }

    /// Hands over what is waiting.
    private func flush() throws {
        guard !waiting.isEmpty else { return }
        try channel.send(WorkerMessage.tensors(waiting))
        try channel.waitToGoOn()
        waiting = []
        end = SharedMemory.start
    }

    /// The place of the next tensor, with room for so many bytes.
    private func reserve(
        _ count: Int, _ path: String
    ) throws(HDF5Error) -> (offset: Int, bytes: UnsafeMutableRawBufferPointer) {
        do {
            if end > SharedMemory.start, end - SharedMemory.start + count > SharedSink.batch { try flush() }
            if end + count > memory.count {
                let (enough, overflows) = end.addingReportingOverflow(count)
                try channel.send(WorkerMessage.grow(overflows ? .max : enough))
                try channel.waitToGoOn()
                guard memory.map(enough) else { throw WorkerChannel.Closed.ended }
            }
        } catch {
            throw HDF5Error(.io, "the process that reads it lost its connection (\(error))", path: path)
        }
        let offset = end
        // The next begins at a multiple of the largest element.
        end += (count + 7) & ~7
        return (offset, memory.writable(offset..<offset + count))
    }
}
