import Foundation
import Tensors

/// The machine's part in the numbers: equal bytes are promised on one kind of processor only.
enum Processor {
    /// The processor's name and the BLAS kernel chosen for it, e.g. "AMD EPYC 7B13, BLAS Zen".
    static let description: String = {
        let cpu = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let name = cpu.split(separator: "\n").first { $0.hasPrefix("model name") }
            .flatMap { $0.split(separator: ":").last }
            .map { $0.trimmingCharacters(in: .whitespaces) }
        return "\(name ?? "unknown processor"), BLAS \(blasKernelName())"
    }()
}

/// Instar's version, in every output.
public let instarVersion = "0.1.0"
