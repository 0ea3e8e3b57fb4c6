public import Foundation
import Glibc
internal import RESP

/// A server started for one test: on a free loopback port, in a directory of its own, and gone with this object.
public final class ServerProcess {
  public enum Program: Sendable {
    /// The stock server, the oracle of this project.
    case redis
    case sentinel
    /// The server built beside the tests, or the one that `CAMBIUM_SERVER` names.
    case cambium
    case path(String)
  }

  /// How one knows that the server serves.
  public enum Readiness: Sendable {
    /// By its answer on the port.
    case answers
    /// By a line of its log, when it does not answer there.
    case logs(String)
  }

  public enum StartError: Error, CustomStringConvertible {
    /// The process ended, or did not answer in time; with its output so far.
    case notAnswering(program: String, log: String)

    public var description: String {
      switch self {
      case .notAnswering(let program, let log): "\(program) does not answer:\n\(log)"
      }
    }
  }

  /// The TCP port of 127.0.0.1 that the server listens on.
  public let port: Int
  /// The server's working directory, with its configuration and its files.
  public let directory: URL
  /// Everything that the server has written to stdout and stderr.
  public let log: ServerLog
  private let command: [String]
  private let readiness: Readiness
  private let keepsDirectory: Bool
  private var process: ChildProcess

  /// Starts `program` and returns when it answers.
  ///
  /// `directives` are lines of its configuration file, behind those for address, port and directory; `arguments` come
  /// behind the file's name on the command line. A `directory` that is given may hold files for the server, and is
  /// left in place.
  public init(
    _ program: Program, directives: [String] = [], arguments: [String] = [], directory: URL? = nil,
    readiness: Readiness = .answers
  ) throws {
    self.readiness = readiness
    keepsDirectory = directory != nil
    self.directory = try directory ?? Self.temporaryDirectory()
    port = try Self.freePort()
    log = ServerLog(file: self.directory.appendingPathComponent("output.log"))
    let configuration = self.directory.appendingPathComponent("server.conf")
    let lines = ["bind 127.0.0.1", "port \(port)", "dir \(self.directory.path)"] + directives
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: configuration)
    command = [program.path, configuration.path] + arguments
    process = try ChildProcess(arguments: command, outputPath: log.file.path)
    try waitForAnswer()
  }

  /// Starts the same server again, in the same directory and on the same port, after it has ended.
  public func restart() throws {
    precondition(!isRunning, "stop the server first")
    process = try ChildProcess(arguments: command, outputPath: log.file.path)
    try waitForAnswer()
  }

  deinit {
    kill9()
    if !keepsDirectory { try? FileManager.default.removeItem(at: directory) }
  }

  private func waitForAnswer() throws {
    guard Self.wait(milliseconds: 20_000, until: { !isRunning || isReady() }), isRunning else {
      throw StartError.notAnswering(program: command[0], log: log.text)
    }
  }

  /// The path of a file in the server's directory.
  public func path(of file: String) -> String {
    directory.appendingPathComponent(file).path
  }

  /// What a file in the server's directory holds, such as `dump.rdb` after SAVE.
  public func contents(of file: String) throws -> [UInt8] {
    Array(try Data(contentsOf: directory.appendingPathComponent(file)))
  }

  public var processIdentifier: Int32 { process.identifier }
  public var isRunning: Bool { process.poll() == nil }

  /// The exit code once the process has ended by itself; nil when it runs, or when a signal ended it.
  public var exitCode: Int32? {
    if case .exited(let code) = process.poll() { code } else { nil }
  }

  /// A new connection to the server, which stays alive for it.
  public func connect(timeoutMilliseconds: Int = 5000) throws -> Client {
    try Client(port: port, timeoutMilliseconds: timeoutMilliseconds, server: self)
  }

  /// Asks the server to end (SIGTERM) and waits; after ten seconds it is killed. False if it had to be.
  @discardableResult
  public func stop() -> Bool {
    signal(SIGTERM)
    if waitForExit(milliseconds: 10_000) { return true }
    kill9()
    return false
  }

  /// Ends the server as a power failure would.
  public func kill9() {
    signal(SIGKILL)
    _ = waitForExit(milliseconds: 10_000)
  }

  /// Sends a signal to this process, if it still runs.
  public func signal(_ number: Int32) {
    process.signal(number)
  }

  /// True when the process has ended within the time.
  public func waitForExit(milliseconds: Int) -> Bool {
    Self.wait(milliseconds: milliseconds) { !isRunning }
  }

  /// Asks `condition` again and again until it is true; false when the time is over.
  public static func wait(milliseconds: Int, until condition: () throws -> Bool) rethrows -> Bool {
    let deadline = ContinuousClock.now + .milliseconds(milliseconds)
    while try !condition() {
      guard ContinuousClock.now < deadline else { return false }
      usleep(5000)
    }
    return true
  }

  private func isReady() -> Bool {
    switch readiness {
    case .answers: answers()
    case .logs(let line): log.text.contains(line)
    }
  }

  /// Whether the server serves: an error, for want of a password, is an answer too, but not that it is loading.
  private func answers() -> Bool {
    guard let client = try? Client(port: port, timeoutMilliseconds: 1000), let answer = try? client.command("PING")
    else { return false }
    if case .error(let text) = answer { return !text.hasPrefix("LOADING") }
    return true
  }
}
