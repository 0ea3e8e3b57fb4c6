public import Foundation

/// A stock redis-server of its own, in a temporary directory and on a free loopback port, for as long as this lives.
public final class RedisServer {
  public enum Failure: Error {
    case noFreePort
    case notReady(log: String)
  }

  public let port: UInt16
  public let directory: URL
  private let process = Process()

  /// Starts the server with these arguments besides port and directory, and waits until it answers.
  public init(_ arguments: [String] = []) throws {
    port = try TCPConnection.freePort()
    directory = FileManager.default.temporaryDirectory.appending(path: "redis-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let log = directory.appending(path: "log")
    process.executableURL = URL(filePath: "/usr/bin/redis-server")
    process.arguments =
      ["--port", "\(port)", "--dir", directory.path, "--logfile", log.path, "--save", "", "--bind", "127.0.0.1"]
      + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    for _ in 0..<500 {
      if (try? connect())?.isAlive() == true { return }
      guard process.isRunning else { break }
      Thread.sleep(forTimeInterval: 0.01)
    }
    throw Failure.notReady(log: (try? String(contentsOf: log, encoding: .utf8)) ?? "")
  }

  deinit {
    kill()
    try? FileManager.default.removeItem(at: directory)
  }

  public func connect() throws -> RedisConnection { try RedisConnection(port: port) }

  /// Ends the process without a chance to say anything (SIGKILL).
  public func kill() {
    guard process.isRunning else { return }
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// Saves the dataset, and returns the file.
  public func snapshot() throws -> [UInt8] {
    try connect().expectOK("SAVE")
    return [UInt8](try Data(contentsOf: directory.appending(path: "dump.rdb")))
  }
}
