import Foundation
import HDF5
import Tensors

/// One thing that is asked of an HDF5 file of somebody else's. The process that reads the file answers it with values.
enum ReadRequest: Codable, Sendable {
    /// See `CheckpointReader`.
    case inventory(String)
    case stepMarkers(String)
    case tensors(CheckpointReference)
    /// All datasets, named by their path.
    case datasets(String)
    /// The dataset of a path.
    case dataset(String, name: String)
    /// The one-dimensional datasets of numbers at the root.
    case columns(String)
    /// Whether there is a loss with an axis of draws.
    case holdsTraces(String)
    case traces(String)
    /// All that is in the file, and nothing of it in the answer: whether it can be read without harm.
    case everything(String)

    /// The file.
    var path: String {
        switch self {
        case .inventory(let path), .stepMarkers(let path), .datasets(let path), .dataset(let path, _),
            .columns(let path), .holdsTraces(let path), .traces(let path), .everything(let path):
            path
        case .tensors(let reference): reference.file
        }
    }

    /// Reads the file in this process.
    ///
    /// - Returns: What the answer says besides tensors, as JSON.
    /// - Throws: What the reader of the file throws.
    func perform(into sink: some TensorSink) throws(RunError) -> String {
        switch self {
        case .inventory(let path): return try json(HDF5CheckpointReader().inventory(of: path))
        case .stepMarkers(let path): return try json(HDF5CheckpointReader().stepMarkers(of: path))
        case .tensors(let reference):
            try HDF5CheckpointReader().forEachTensor(at: reference) { name, dataset throws(HDF5Error) in
                try sink.add(dataset, row: reference.row, name: name)
            }
        case .datasets(let path):
            try readingHDF5 { () throws(HDF5Error) in
                let root = try HDF5File(reading: path).root()
                try root.forEachDataset { parts throws(HDF5Error) in
                    let name = parts.joined(separator: "/")
                    try sink.add(try root.dataset(name), row: nil, name: name)
                }
            }
        case .dataset(let path, let name):
            try readingHDF5 { () throws(HDF5Error) in
                let root = try HDF5File(reading: path).root()
                do throws(HDF5Error) {
                    try sink.add(try root.dataset(name), row: nil, name: name)
                } catch {
                    guard error.kind == .notFound || error.kind == .mismatch else { throw error }
                    var names: [String] = []
                    try root.forEachDataset { parts throws(HDF5Error) in names.append(parts.joined(separator: "/")) }
                    throw HDF5Error(
                        error.kind, "\(error.reason); there are \(names.list)", path: path, object: name)
                }
            }
        case .columns(let path):
            try readingHDF5 { () throws(HDF5Error) in
                let root = try HDF5File(reading: path).root()
                for member in try root.members() where member.kind == .dataset {
                    let dataset = try root.dataset(member.name)
                    guard dataset.shape.rank == 1, case .numbers = dataset.content else { continue }
                    try sink.add(dataset, row: nil, name: member.name)
                }
            }
        case .holdsTraces(let path): return try json(try TraceFile(path).holdsTraces)
        case .everything(let path):
            try readingHDF5 { () throws(HDF5Error) in try HDF5File(reading: path).root().readThroughout() }
        case .traces(let path): return try json(try TraceFile(path).traces().withoutDraws(into: sink))
        }
        return "null"
    }

    private func json(_ value: some Encodable) throws(RunError) -> String {
        do { return String(decoding: try WorkerChannel.encoder.encode(value), as: UTF8.self) } catch {
            throw RunError(.malformed, "holds what cannot be handed on (\(error))", path: path)
        }
    }
}

/// Takes the tensors of an answer, in order.
protocol TensorSink: AnyObject {
    /// Takes the values of a dataset, or of one row of its first axis without that axis.
    func add(_ dataset: HDF5Dataset, row: Int?, name: String) throws(HDF5Error)
    /// Takes a tensor that was computed.
    func add(_ tensor: Tensor, name: String) throws(HDF5Error)
}

/// Keeps the tensors.
final class TensorList: TensorSink {
    private(set) var tensors: [NamedTensor] = []

    func add(_ dataset: HDF5Dataset, row: Int?, name: String) throws(HDF5Error) {
        let rows = try dataset.rows(row)
        guard let rows else { return add(try dataset.read(), name: name) }
        let tensor = try dataset.read(rows: rows)
        add(
            Tensor(
                shape: tensor.shape.withoutFirstAxis, elementType: tensor.elementType, elements: tensor.elements),
            name: name)
    }

    func add(_ tensor: Tensor, name: String) { tensors.append(NamedTensor(name: name, tensor: tensor)) }
}

extension HDF5Group {
    /// Reads all attributes of groups and all values below, of types that are read, and keeps none.
    fileprivate func readThroughout(depth: Int = 0) throws(HDF5Error) {
        guard depth < 16 else {
            throw HDF5Error(
                .malformed, "groups nest more than 16 deep, which no results' do", path: file.path, object: path)
        }
        for name in try attributeNames() {
            do throws(HDF5Error) { _ = try attribute(name) } catch {
                guard error.kind == .unsupported else { throw error }
            }
        }
        for member in try soundMembers() {
            switch member.kind {
            case .group: try group(member.name).readThroughout(depth: depth + 1)
            case .dataset:
                let dataset = try dataset(member.name)
                switch dataset.content {
                case .numbers: _ = try dataset.read()
                case .texts: _ = try dataset.readTexts()
                case .refused, .notNumeric: break
                }
            case .type, .refused: break
            }
        }
    }
}

extension HDF5Dataset {
    /// The range of the first axis that a row stands for.
    func rows(_ row: Int?) throws(HDF5Error) -> Range<Int>? {
        guard let row else { return nil }
        guard shape.rank > 0, row < shape.dimensions[0] else {
            throw HDF5Error(
                .mismatch, "expected a first axis of checkpoints with more than \(row) entries, found \(shape)",
                path: file.path, object: path)
        }
        return row..<row + 1
    }
}

extension Shape {
    /// The extents without the first.
    var withoutFirstAxis: Shape { Shape(Array(dimensions.dropFirst())) }
}
