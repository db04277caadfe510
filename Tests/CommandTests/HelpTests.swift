import Foundation
import Testing

/// What the argument parser makes of the commands.
@Suite struct HelpTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// The commands that `instar --help` lists.
    func commands() throws -> [String] {
        let help = try Program.run("--help", scratch: scratch)
        #expect(help.status == 0)
        let lines = help.output.components(separatedBy: "\n")
        let start = try #require(lines.firstIndex { $0.hasPrefix("SUBCOMMANDS:") })
        return lines[(start + 1)...].prefix { $0.hasPrefix("  ") }.compactMap { line in
            // Continued descriptions are set far to the right.
            line.hasPrefix("   ") ? nil : line.split(separator: " ").first.map(String.init)
        }
    }

    @Test func `every command's help has an example that names it`() throws {
        let commands = try commands()
        #expect(commands.count >= 11, "\(commands)")
        for command in commands where command != "help" {
            let help = try Program.run(command, "--help", scratch: scratch)
            #expect(help.status == 0 && help.output.contains("USAGE: instar \(command)"), "\(command)")
            let examples = help.output.components(separatedBy: "Examples:").dropFirst().joined()
            #expect(examples.contains("instar \(command)"), "\(command)")
        }
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func `completions name every command`(shell: String) throws {
        let script = try Program.run("--generate-completion-script", shell, scratch: scratch)
        #expect(script.status == 0)
        for command in try commands() { #expect(script.output.contains(command), "\(command)") }
    }
}
