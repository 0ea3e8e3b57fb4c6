import Foundation
import RESP
import TestSupport
import Testing

@testable import Server

struct StartTests {
  @Test func namesWhatAProcessorLacks() {
    #expect(Processor.missingFeatures(in: "flags\t\t: fpu pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm avx\n").isEmpty)
    #expect(Processor.missingFeatures(in: "flags : pni cx16 lahf_lm ssse3 sse4_1\n") == ["popcnt", "sse4_2"])
    #expect(Processor.missingFeatures(in: "no flags here").isEmpty)
    #expect(Processor.missingFeatures().isEmpty)
  }

  @Test func bannerHoldsWhatToolsMatch() {
    #expect(Banner.logo(port: 7000).contains(" PID: \(ProcessInfo.processInfo.processIdentifier)\n"))
    #expect(Banner.logo(port: 7000).contains("Port: 7000\n"))
  }

  @Test func startsAndStopsWithTheLinesThatToolsWaitFor() throws {
    let server = try ServerProcess(
      .cambium, directives: ["always-show-logo yes", "loglevel verbose", "pidfile run.pid"])
    let pid = server.processIdentifier
    #expect(server.log.waitFor("Ready to accept connections"))
    #expect(server.log.text.contains(try Regex(" PID: \(pid)[\\s\\S]*Server initialized")))
    let pidFile = server.directory.appendingPathComponent("run.pid").path
    #expect(try String(contentsOfFile: pidFile, encoding: .utf8) == "\(pid)\n")
    #expect(server.stop())
    #expect(server.exitCode == 0)
    #expect(!FileManager.default.fileExists(atPath: pidFile))
    let text = server.log.text
    #expect(text.contains("Received SIGTERM scheduling shutdown..."))
    #expect(text.contains("User requested shutdown..."))
    #expect(server.log.lines.last?.hasSuffix("ready to exit, bye bye...") == true)
  }

  /// Who insists does not wait for the save that the first signal has asked for, and it leaves nothing behind.
  @Test func aSecondInterruptEndsTheServerAtOnce() throws {
    let server = try ServerProcess(.cambium, directives: ["save 3600 1", "rdb-key-save-delay 1000000"])
    let client = try server.connect()
    for key in 0..<60 { try client.command("SET", "\(key)", "v") }
    let half = server.directory.appendingPathComponent("temp-\(server.processIdentifier).rdb").path
    #expect(kill(server.processIdentifier, SIGINT) == 0)
    try #require(ServerProcess.wait(milliseconds: 10_000) { FileManager.default.fileExists(atPath: half) })
    #expect(kill(server.processIdentifier, SIGINT) == 0)
    #expect(server.waitForExit(milliseconds: 10_000))
    #expect(server.exitCode == 1)
    #expect(!FileManager.default.fileExists(atPath: half))
    #expect(server.log.text.contains("You insist... exiting now."))
  }

  /// A signal waits for the clock, and can be taken back until then.
  @Test func aSignalCanBeTakenBack() throws {
    let server = try ServerProcess(.cambium, directives: ["save ''", "enable-debug-command yes"])
    let client = try server.connect()
    #expect(try client.command("SHUTDOWN", "ABORT") == .error("ERR No shutdown in progress."))
    try client.command("DEBUG", "PAUSE-CRON", "1")
    #expect(kill(server.processIdentifier, SIGTERM) == 0)
    #expect(
      try ServerProcess.wait(milliseconds: 10_000) { try client.command("SHUTDOWN", "ABORT") == .simple("OK") })
    #expect(server.log.waitFor("Shutdown manually aborted."))
    try client.command("DEBUG", "PAUSE-CRON", "0")
    #expect(try client.command("PING") == .simple("PONG"))
    #expect(try client.command("SHUTDOWN", "ABORT") == .error("ERR No shutdown in progress."))
    // One that comes at the same moment may be taken for the same.
    #expect(
      ServerProcess.wait(milliseconds: 10_000) {
        _ = kill(server.processIdentifier, SIGTERM)
        return !server.isRunning
      })
    #expect(server.exitCode == 0)
  }

  @Test func goesIntoTheBackground() throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("cambium-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let port = try ServerProcess.freePort()
    let started = try run(
      Self.program,
      [
        "--port", "\(port)", "--bind", "127.0.0.1", "--dir", directory.path, "--logfile", "log", "--pidfile", "pid",
        "--daemonize", "yes",
      ])
    #expect(started.code == 0)
    let log = { (try? String(contentsOf: directory.appendingPathComponent("log"), encoding: .utf8)) ?? "" }
    try #require(ServerProcess.wait(milliseconds: 10_000) { log().contains("Ready to accept connections") })
    #expect(log().contains("Running mode=standalone, port=\(port)."))
    #expect(try Client(port: port).command("PING") == .simple("PONG"))
    let pid = try String(contentsOf: directory.appendingPathComponent("pid"), encoding: .utf8)
    #expect(kill(try #require(Int32(pid.dropLast())), SIGTERM) == 0)
    #expect(ServerProcess.wait(milliseconds: 10_000) { log().contains("ready to exit, bye bye...") })
  }

  @Test func saysWhichPortIsTaken() throws {
    let first = try ServerProcess(.cambium)
    let second = try run(Self.program, ["--port", "\(first.port)", "--bind", "127.0.0.1"])
    #expect(second.code == 1)
    #expect(
      second.output.contains(
        "Could not create server TCP listening socket 127.0.0.1:\(first.port): bind: Address already in use"))
    #expect(second.output.contains("Failed listening on port \(first.port) (TCP), aborting."))
  }

  @Test func refusesABadLineBeforeItStarts() throws {
    let file = try TemporaryFile("port 0\nmaxmemory lots\n")
    let result = try run(Self.program, [file.path])
    #expect(result.code == 1)
    #expect(
      result.error == """

        *** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***
        Reading the configuration file, at line 2
        >>> 'maxmemory lots'
        argument must be a memory value

        """)
    let nowhere = try run(Self.program, ["--port", "0"])
    #expect(nowhere.code == 1)
    #expect(nowhere.output.contains("Configured to not listen anywhere, exiting."))
    #expect(try run(Self.program, ["--version"]).output.contains("7.0.15"))
  }

  /// As the unit file of Debian starts it: a configuration made for the background, kept in the foreground.
  @Test func tellsItsSupervisor() throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("cambium-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let socket = try NotificationSocket(path: directory.appendingPathComponent("notify").path)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.program)
    process.arguments = [
      "--port", "0", "--unixsocket", directory.appendingPathComponent("s").path, "--daemonize", "yes", "--supervised",
      "systemd", "--dir", directory.path,
    ]
    process.environment = ["NOTIFY_SOCKET": socket.path]
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    #expect(socket.receive() == "STATUS=Ready to accept connections\nREADY=1\n")
    process.terminate()
    #expect(socket.receive() == "STATUS=Saving the final RDB snapshot\n")
    #expect(socket.receive() == "STOPPING=1\n")
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }

  static let program =
    URL(fileURLWithPath: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "")
    .deletingLastPathComponent().appendingPathComponent("cambium-server").path
}
