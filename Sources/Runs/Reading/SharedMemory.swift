import CLinux
import Foundation

/// Memory that two processes see: the one that reads files writes tensors to it, the one that asked takes them out.
///
/// The first page tells which object of the file is being read, for the case that the reader does not live to say so.
/// Not `Sendable`: used by whoever has the connection, one at a time.
final class SharedMemory {
    /// Where tensors begin.
    static let start = 4096

    /// The file in memory.
    let descriptor: Int32
    private let isWritable: Bool
    private var bytes: UnsafeMutableRawBufferPointer

    /// New shared memory, of one page; nil where the system has none left.
    init?() {
        descriptor = instar_memory_file("instar-tensors")
        isWritable = false
        bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        guard descriptor >= 0, grow(to: SharedMemory.start) else { return nil }
    }

    /// The memory behind a descriptor that another process made; nil if it is none.
    init?(inherited descriptor: Int32) {
        self.descriptor = descriptor
        isWritable = true
        bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        guard map(SharedMemory.start) else { return nil }
    }

    deinit {
        unmap()
        close(descriptor)
    }

    /// The number of bytes that this process sees.
    var count: Int { bytes.count }

    /// Makes it so large, and sees that much; false where the system has not so much.
    func grow(to count: Int) -> Bool { count <= bytes.count || (ftruncate(descriptor, count) == 0 && map(count)) }

    /// Sees that much of it, after the other process made it so large.
    func map(_ count: Int) -> Bool {
        unmap()
        let address = mmap(nil, count, isWritable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, descriptor, 0)
        guard let address, address != MAP_FAILED else { return false }
        bytes = UnsafeMutableRawBufferPointer(start: address, count: count)
        return true
    }

    private func unmap() {
        if let address = bytes.baseAddress { munmap(address, bytes.count) }
        bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    /// Some of the memory, to write to; only in the process that reads files.
    func writable(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: bytes[range])
    }

    /// Some of the memory; nil if it does not lie in it.
    func readable(from offset: Int, count: Int) -> UnsafeRawBufferPointer? {
        guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset else { return nil }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }

    /// The object of the file that is being read.
    var place: String {
        get {
            let text = bytes.prefix(SharedMemory.start).prefix { $0 != 0 }
            // Names come from the file: nothing in them may steer a terminal.
            return String(
                String(decoding: text, as: UTF8.self).map {
                    $0.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control } ? $0 : "?"
                })
        }
        set {
            let text = Array(newValue.utf8.prefix(SharedMemory.start - 1)) + [0]
            bytes.copyBytes(from: text)
        }
    }
}
