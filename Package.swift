// swift-tools-version: 6.2
import PackageDescription

/// Warnings are errors and imports are private unless declared `public import`,
/// so that a module's public interface shows exactly what it depends on.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

func module(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource] = []
) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: ["TestSupport"] + dependencies, swiftSettings: settings)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

// What each module may import is the table that Scripts/check-imports tests.
let package = Package(
    name: "Instar",
    products: [
        .executable(name: "instar", targets: ["instar"]),
        .library(
            name: "Instar",
            targets: ["Tensors", "HDF5", "Graphs", "ONNX", "Sampling", "Runs", "Development", "Pipeline", "Reports"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    ],
    targets: [
        // MARK: System libraries and C
        .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CLinux"),
        .target(name: "CKernels"),

        // MARK: Modules
        module("Tensors", ["CKernels", "COpenBLAS"]),
        module("HDF5", ["CHDF5", "Tensors"]),
        module("Graphs", ["Tensors", "CKernels", "COpenBLAS"], exclude: ["Operations/README.md"]),
        module("ONNX", ["Graphs", "Tensors", protobuf], exclude: ["Messages/onnx.proto"]),
        module("Sampling", ["Tensors", "CKernels"]),
        module("Runs", ["CLinux", "HDF5", "Tensors", yams, crypto]),
        module("Development", ["Sampling", "Tensors"]),
        module("Pipeline", ["Tensors", "HDF5", "Graphs", "ONNX", "Sampling", "Runs", "Development", crypto]),
        module(
            "Reports", ["Development", "Sampling", "Tensors", mustache, crypto],
            resources: [
                "HTML/Resources/page.mustache", "HTML/Resources/block.mustache", "HTML/Resources/notice.mustache",
                "HTML/Resources/table.mustache", "HTML/Resources/index.mustache", "HTML/Resources/style.css",
                "HTML/Resources/index.css", "HTML/Resources/report.js",
                "Schema/analysis.schema.json", "Schema/comparison.schema.json", "Schema/inspection.schema.json",
                "Schema/calibration.schema.json", "Schema/plan.schema.json", "Schema/status.schema.json",
            ].map { .embedInCode($0) }),
        .executableTarget(
            name: "instar",
            dependencies: ["Pipeline", "Reports", "Runs", "Development", "Sampling", argumentParser, hummingbird],
            swiftSettings: settings),

        // MARK: Tests
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
        tests("Tensors", ["Tensors", "CKernels"]),
        tests("HDF5", ["HDF5", "Tensors"]),
        tests("Graphs", ["Graphs", "Tensors", "CKernels"]),
        tests("ONNX", ["ONNX", "Graphs", "Tensors", protobuf]),
        tests("Sampling", ["Sampling", "Tensors"]),
        tests("Runs", ["Runs", "HDF5", "Tensors"]),
        tests("Development", ["Development", "Sampling", "Tensors"]),
        tests(
            "Pipeline",
            [
                "Pipeline", "ONNX", protobuf, "Runs", "HDF5", "Development", "Sampling", "Graphs", "Tensors",
                "PrecisionComparison",
            ]),
        tests("Reports", ["Reports", "Development", "Sampling", "Tensors", crypto]),
        tests("Command", []),
        .target(
            name: "PrecisionComparison", dependencies: ["Graphs", "Pipeline", "Sampling", "Tensors"],
            path: "Tests/PrecisionComparison", swiftSettings: settings),
        // Built with libFuzzer by Scripts/fuzz/readers; without, it gives the readers the files it is told to.
        .executableTarget(
            name: "fuzzers", dependencies: ["ONNX", "Graphs", "Tensors", "HDF5", "Runs"], path: "Tests/Fuzzers",
            swiftSettings: settings),
        .executableTarget(
            name: "benchmarks",
            dependencies: [
                "Tensors", "HDF5", "Graphs", "ONNX", "Sampling", "Runs", "Development", "Pipeline",
                "PrecisionComparison", argumentParser,
            ],
            path: "Tests/Benchmarks", swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
