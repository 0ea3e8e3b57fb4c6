import Foundation

/// A program that a test runs to its end, such as redis-cli.
public enum Tool {
  public struct Outcome: Sendable {
    public let exitCode: Int32?
    /// What it wrote to stdout and stderr.
    public let output: String
  }

  /// Runs `arguments[0]`, a path, and waits; a program that takes longer is killed, and has no exit code.
  public static func run(_ arguments: [String], milliseconds: Int = 60_000) throws -> Outcome {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("tool-\(UUID().uuidString).log")
    defer { try? FileManager.default.removeItem(at: file) }
    let process = try ChildProcess(arguments: arguments, outputPath: file.path)
    var exitCode: Int32?
    if ServerProcess.wait(milliseconds: milliseconds, until: { process.poll() != nil }) {
      if case .exited(let code) = process.poll() { exitCode = code }
    } else {
      process.signal(SIGKILL)
      _ = ServerProcess.wait(milliseconds: 5000) { process.poll() != nil }
    }
    return Outcome(exitCode: exitCode, output: String(decoding: try Data(contentsOf: file), as: UTF8.self))
  }
}
