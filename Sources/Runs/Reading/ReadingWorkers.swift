import Foundation
import HDF5
import Synchronization
import Tensors

/// How many bytes of values a file may hold, in the memory of this process.
///
/// What is read is widened: half precision to Float, whole numbers to Int64.
struct ValueBudget {
    private let limit: Int
    private var count = 0

    /// The limit is that of this task's reading processes; without them, the machine's memory.
    init(_ limit: Int? = ReadingWorkers.current?.limits.memory) {
        self.limit = limit ?? Int(clamping: ProcessInfo.processInfo.physicalMemory)
    }

    /// Counts a tensor.
    ///
    /// - Throws: `unsupported` where there is more than may be.
    mutating func take(
        _ elementCount: Int, of type: ElementType, path: String, object: String
    ) throws(RunError) {
        let width = type.isFloatingPoint && type != .float64 ? 4 : 8
        let (bytes, overflows) = elementCount.multipliedReportingOverflow(by: width)
        guard !overflows, bytes <= limit - count else {
            throw ValueBudget.tooLarge(overflows ? .max : count + bytes, limit, path, object)
        }
        count += bytes
    }

    static func tooLarge(_ count: Int, _ limit: Int, _ path: String, _ object: String) -> RunError {
        RunError(
            .unsupported,
            "holds \(count >> 20) MiB or more of values, and \(limit >> 20) MiB may be used; raise --memory, or use a "
                + "machine with more", path: path, object: object)
    }
}

/// Processes that read files of others, so that what a file does to libhdf5 is done to them.
///
/// Each serves one request at a time and many files after each other; there are as many as are asked at once. A process
/// that ends, or gives no answer in time, makes the file a malformed one and is replaced.
public final class ReadingWorkers: Sendable {
    /// What reads files of others in this task and its children; nil where this process does so itself.
    @TaskLocal public static var current: ReadingWorkers?

    /// How far a reading process may go.
    public struct Limits: Sendable {
        /// Bytes of one answer's tensors, and of what decoding takes.
        public var memory: Int
        /// Seconds without a sign of life; one more is granted for each megabyte of the file.
        public var seconds: Double

        /// Creates limits.
        public init(memory: Int, seconds: Double = 60) {
            self.memory = memory
            self.seconds = seconds
        }
    }

    private let command: [String]
    let limits: Limits
    private let idle = Mutex<[ReadingWorker]>([])

    /// Starts nothing yet.
    ///
    /// - Parameter command: An executable and its arguments that call `serveReads`; three are added, which it takes.
    public init(command: [String], limits: Limits) {
        self.command = command
        self.limits = limits
    }

    /// What a file holds.
    ///
    /// - Throws: What the reader of the file throws; `malformed` if it ends before the answer, with the reason and place;
    ///   `unsupported` if the file holds more than the limits allow; `io` where no process can be started.
    func answer(_ request: ReadRequest) throws(RunError) -> ReadAnswer {
        let worker: ReadingWorker
        if let waiting = idle.withLock({ $0.popLast() }) {
            worker = waiting
        } else {
            worker = try ReadingWorker(command: command, limits: limits, for: request.path)
        }
        let answer = Result { () throws(RunError) in try worker.answer(request, limits: limits) }
        // One that failed to answer has ended, and goes.
        if !worker.hasEnded { idle.withLock { $0.append(worker) } }
        return try answer.get()
    }
}
