import Foundation
import TestSupport
import Testing

/// Scripted sessions of client libraries, unchanged: see `Sessions/`. Each is held against redis-server too, so that what it
/// expects is what Redis does.
@Suite struct ClientSessionTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
    "Sessions")

  private func run(
    _ interpreter: String, _ script: String, _ arguments: String..., against program: ServerProcess.Program
  )
    throws
  {
    let path = Self.folder.appendingPathComponent(script).path
    let outcome = try Tool.run([interpreter, path] + arguments, milliseconds: 120_000)
    #expect(outcome.output == "all well\n", "\(script) \(arguments) against \(program)")
    #expect(outcome.exitCode == 0)
  }

  // MARK: redis-py

  @Test(
    arguments: [
      "types", "scanning", "pipelines", "transactions", "blocking", "pubsub", "keyspace_events", "tracking", "scripts",
      "functions", "streams", "locks", "access", "clients", "monitor", "server", "asynchronous",
    ])
  func redisPy(_ session: String) throws {
    for program in [ServerProcess.Program.redis, .cambium] {
      let server = try ServerProcess(program)
      try run(
        "/usr/bin/python3", "redis_py.py", "\(server.port)", session, against: program)
    }
  }

  // MARK: valkey-glide

  /// Where it is installed, once for all runs of this build; nil if it cannot be had.
  private static let glide: String? = {
    let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let place = URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("valkey-glide-2.6.0")
      .path
    let script = folder.appendingPathComponent("install_valkey_glide.sh").path
    let outcome = try? Tool.run(["/usr/bin/env", "bash", script, place], milliseconds: 300_000)
    guard outcome?.exitCode == 0 else {
      print("valkey-glide is not installed: \(outcome?.output ?? "bash does not start")")
      return nil
    }
    return place + "/bin/python"
  }()

  @Test(
    .enabled(if: glide != nil, "valkey-glide could not be had from PyPI"),
    arguments: ["types", "batches", "waiting", "messages", "scripts", "streams", "scanning"])
  func valkeyGlide(_ session: String) throws {
    let python = try #require(Self.glide)
    for program in [ServerProcess.Program.redis, .cambium] {
      let server = try ServerProcess(program)
      try run(
        python, "valkey_glide.py", "\(server.port)", session, against: program)
    }
  }

  @Test(.enabled(if: glide != nil, "valkey-glide could not be had from PyPI"))
  func valkeyGlideOverTLS() throws {
    let python = try #require(Self.glide)
    let certificates = try Certificates()
    for program in [ServerProcess.Program.redis, .cambium] {
      let port = try ServerProcess.freePort()
      let server = try ServerProcess(program, directives: certificates.directives + ["tls-port \(port)"])
      try run(
        python, "valkey_glide.py", "\(port)", "secure", certificates.directory.path, against: program)
      #expect(server.isRunning)
    }
  }
}
