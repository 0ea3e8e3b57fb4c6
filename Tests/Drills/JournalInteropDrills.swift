import Foundation
import RESP
import TestSupport
import Testing

/// Append-only logs that go to and fro between redis-server and here, with every type and encoding.
@Suite(.tags(.drill), .serialized) struct JournalInteropDrills {
  private static let keyCount = 3000

  private func directives(_ snapshotBase: Bool) -> [String] {
    [
      "save ''", "appendonly yes", "appendfsync no", "enable-debug-command yes", "auto-aof-rewrite-percentage 0",
      "aof-use-rdb-preamble \(snapshotBase ? "yes" : "no")", "aof-timestamp-enabled yes",
    ]
  }

  private func write(_ client: Client, _ numbers: Range<Int>) throws {
    var commands: [[String]] = [["SELECT", "\(numbers.lowerBound % 5)"]]
    for number in numbers { commands += AllTypesDrills.commands(number) }
    // What chance and time have a say in, told by its effects.
    for number in numbers where number % 50 == 0 {
      commands += [
        ["SADD", "drawn:\(number)"] + (0..<20).map { "\($0)" }, ["SPOP", "drawn:\(number)", "7"],
        ["SET", "short:\(number)", "1", "PX", "100000000"], ["GETEX", "short:\(number)", "EX", "200000"],
        ["RENAME", "short:\(number)", "renamed:\(number)"], ["INCRBYFLOAT", "float:\(number)", "0.1"],
        ["HINCRBYFLOAT", "floats:\(number)", "f", "0.1"],
        ["XADD", "auto:\(number)", "MAXLEN", "~", "10", "*", "f", "v"],
        ["MULTI"], ["SET", "a:\(number)", "1"], ["LPUSH", "b:\(number)", "2"], ["EXEC"],
        [
          "EVAL", "redis.call('SADD', KEYS[1], ARGV[1]) redis.call('DEL', KEYS[2])", "2", "c:\(number)", "b:\(number)",
          "m",
        ],
        ["COPY", "drawn:\(number)", "copied:\(number)", "DB", "9", "REPLACE"],
      ]
    }
    for part in stride(from: 0, to: commands.count, by: 200) {
      for reply in try client.pipeline(Array(commands[part..<min(commands.count, part + 200)])) {
        if case .error(let text) = reply { Issue.record("\(text)") }
      }
    }
  }

  private func rewrite(_ client: Client) throws {
    _ = try client.command("BGREWRITEAOF")
    #expect(
      try ServerProcess.wait(milliseconds: 60_000) {
        try client.command("INFO", "persistence").text?.contains("aof_rewrite_in_progress:0") == true
      })
    #expect(try client.command("INFO", "persistence").text?.contains("aof_last_bgrewrite_status:ok") == true)
  }

  @Test(arguments: [true, false]) func toAndFro(_ snapshotBase: Bool) throws {
    let ours = try ServerProcess(.cambium, directives: directives(snapshotBase))
    let directory = ours.directory
    let client = try ours.connect(timeoutMilliseconds: 60_000)
    try client.command("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)")
    try write(client, 0..<Self.keyCount / 3)
    try rewrite(client)
    try write(client, Self.keyCount / 3..<2 * Self.keyCount / 3)
    let digest = try client.command("DEBUG", "DIGEST")
    #expect(ours.stop())
    let check = try Tool.run(["/usr/bin/redis-check-aof", ours.path(of: "appendonlydir/appendonly.aof.manifest")])
    #expect(check.exitCode == 0 && check.output.contains("All AOF files and manifest are valid"), "\(check.output)")

    let redis = try ServerProcess(.redis, directives: directives(snapshotBase), directory: directory)
    let other = try redis.connect(timeoutMilliseconds: 60_000)
    #expect(try other.command("DEBUG", "DIGEST") == digest, "\(redis.log.text.suffix(1000))")
    #expect(try other.command("FCALL", "f", "0") == .integer(1))
    try rewrite(other)
    try write(other, 2 * Self.keyCount / 3..<Self.keyCount)
    let second = try other.command("DEBUG", "DIGEST")
    #expect(redis.stop())

    let again = try ServerProcess(.cambium, directives: directives(snapshotBase), directory: directory)
    let last = try again.connect(timeoutMilliseconds: 60_000)
    #expect(try last.command("DEBUG", "DIGEST") == second, "\(again.log.text.suffix(1000))")
    #expect(try last.command("FCALL", "f", "0") == .integer(1))
    #expect(again.log.text.contains("DB loaded from append only file: "))
    #expect(try last.command("DEBUG", "LOADAOF") == .simple("OK"))
    #expect(try last.command("DEBUG", "DIGEST") == second)
  }

  /// A log of Redis before 7, one file with a snapshot before its commands, becomes the base of ours.
  @Test(arguments: [true, false]) func logsInOneFile(_ hasSnapshot: Bool) throws {
    let source = try ServerProcess(
      .redis, directives: ["save ''", "enable-debug-command yes"] + (hasSnapshot ? ["dbfilename old.aof"] : []))
    let writer = try source.connect(timeoutMilliseconds: 60_000)
    var log: [UInt8] = []
    if hasSnapshot {
      try write(writer, 0..<500)
      #expect(try writer.command("SAVE") == .simple("OK"))
      log = try source.contents(of: "old.aof")
    }
    let commands = [
      ["SELECT", "0"], ["SET", "tail", "1"], ["MULTI"], ["INCR", "tail"], ["RPUSH", "l", "a", "b"], ["EXEC"],
    ]
    _ = try writer.pipeline(commands)
    for command in commands { log.command(command.map { Array($0.utf8) }) }
    let digest = try writer.command("DEBUG", "DIGEST")
    source.kill9()

    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("cambium-old-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: directory) }
    try Data(log).write(to: directory.appendingPathComponent("appendonly.aof"))
    let ours = try ServerProcess(.cambium, directives: directives(true), directory: directory)
    let client = try ours.connect(timeoutMilliseconds: 60_000)
    #expect(try client.command("DEBUG", "DIGEST") == digest, "\(ours.log.text)")
    #expect(
      try String(decoding: ours.contents(of: "appendonlydir/appendonly.aof.manifest"), as: UTF8.self)
        == "file appendonly.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n")
    #expect(!FileManager.default.fileExists(atPath: ours.path(of: "appendonly.aof")))
    #expect(ours.log.text.contains("Successfully migrated an old-style AOF file"))
    #expect(ours.log.text.contains("Reading RDB preamble from AOF file") == hasSnapshot)
    try client.command("SET", "more", "1")
    #expect(ours.stop())
    try ours.restart()
    #expect(try ours.connect().command("MGET", "tail", "more") == .array([.bulk("2"), .bulk("1")]))
  }

  /// An old log that cannot be read stays where it is.
  @Test func aDamagedLogInOneFile() throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("cambium-old-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: directory) }
    let file = directory.appendingPathComponent("appendonly.aof")
    try Data("*1\r\n$8\r\nFLUSHALL\r\n!!!".utf8).write(to: file)
    #expect(throws: ServerProcess.StartError.self) {
      try ServerProcess(.cambium, directives: directives(true), directory: directory)
    }
    #expect(try Data(contentsOf: file).count == 21)
    #expect(!FileManager.default.fileExists(atPath: directory.appendingPathComponent("appendonlydir").path))
  }
}
