import Foundation

/// The program under test.
public enum BuiltProgram {
    /// The executable, which lies beside the test bundle.
    public static let path: String = {
        let bundle = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        return bundle.appendingPathComponent("instar").path
    }()
}
