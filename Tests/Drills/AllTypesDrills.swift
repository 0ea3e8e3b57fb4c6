import Foundation
import RESP
import TestSupport
import Testing

/// Many keys of all types and encodings on their way from redis-server to here and back, in files and by full syncs.
///
/// `CAMBIUM_DRILL_KEYS` says how many; a million is meant for a release build.
@Suite(.tags(.drill), .serialized) struct AllTypesDrills {
  static let keyCount = ProcessInfo.processInfo.environment["CAMBIUM_DRILL_KEYS"].flatMap { Int($0) } ?? 50_000
  private static let directives = ["save ''", "enable-debug-command yes", "repl-diskless-sync-delay 0"]
  private static let patience = 600_000

  /// Commands for key number `index`. The kinds take turns; sizes and widths do, too, at their own pace.
  static func commands(_ index: Int) -> [[String]] {
    let round = index / 20
    let text = round % 3 == 0 ? "\(round)" : "value \(round) of key \(index)"
    let long = String(repeating: "\(text) ", count: 9)
    func count(_ small: Int, _ large: Int) -> Int { round % 200 == 7 ? large : 1 + round % small }
    switch index % 20 {
    case 0: return [["SET", "int:\(index)", "\(index * 1_000_003 - 7)"]]
    case 1: return [["SET", "embstr:\(index)", text]]
    case 2: return [["SET", "raw:\(index)", long]]
    case 3: return [["SET", "expiring:\(index)", text, "PXAT", "\(4_000_000_000_000 + index)"]]
    case 4: return [["RPUSH", "list:\(index)"] + (0..<count(9, 400)).map { "\($0 * round)" }]
    case 5: return [["LPUSH", "texts:\(index)"] + (0..<count(5, 300)).map { "\(text) \($0) \(long)" }]
    case 6: return [["SADD", "int16:\(index)"] + (0..<count(9, 600)).map { "\($0 * 7 - round % 100)" }]
    case 7: return [["SADD", "int32:\(index)"] + (0..<count(9, 500)).map { "\($0 * 70_001 - index)" }]
    case 8: return [["SADD", "int64:\(index)"] + (0..<count(9, 100)).map { "\($0 * 70_000_000_001 - index)" }]
    case 9: return [["SADD", "set:\(index)"] + (0..<count(9, 300)).map { "member \($0) \(text)" }]
    case 10, 11: return [["HSET", "hash:\(index)"] + (0..<count(9, 600)).flatMap { ["field \($0)", "\($0 * round)"] }]
    case 12: return [["HSET", "wide:\(index)"] + (0..<count(4, 40)).flatMap { ["f\($0)", long + text] }]
    case 13, 14:
      return [["ZADD", "zset:\(index)"] + (0..<count(9, 300)).flatMap { ["\($0 % 5)", "member \($0) \(text)"] }]
    case 15:
      return [
        ["ZADD", "scores:\(index)"] + (0..<count(9, 200)).flatMap { ["\(Double($0 - 3) / 7)", "\($0)"] } + ["inf", "i"]
      ]
    case 16: return [["ZADD", "long:\(index)"] + (0..<count(4, 40)).flatMap { ["-\($0).25", long + "\($0)"] }]
    case 17: return [["SETBIT", "bits:\(index)", "\(round % 900)", "1"], ["PFADD", "hll:\(index)", text, "\(index)"]]
    case 18:
      return (1...count(4, 250)).map {
        ["XADD", "stream:\(index)", "\($0 + index)-\($0 % 3)", "f", text, "g\($0 % 2)", "\($0)"]
      }
    default:
      let key = "group:\(index)"
      return (1...count(4, 150)).map { ["XADD", key, "\($0)-1", "f", text] } + [
        ["XGROUP", "CREATE", key, "g", "0"], ["XREADGROUP", "GROUP", "g", "c", "COUNT", "3", "STREAMS", key, ">"],
        ["XACK", key, "g", "1-1"], ["XGROUP", "CREATECONSUMER", key, "g", "idle"], ["XDEL", key, "2-1"],
      ]
    }
  }

  private func fill(_ client: Client) throws {
    var commands: [[String]] = []
    for index in 0..<Self.keyCount {
      if index % (Self.keyCount / 3 + 1) == 0 { commands.append(["SELECT", "\(index / (Self.keyCount / 3 + 1) * 4)"]) }
      commands += Self.commands(index)
      guard commands.count > 200 || index == Self.keyCount - 1 else { continue }
      for reply in try client.pipeline(commands) { if case .error(let text) = reply { Issue.record("\(text)") } }
      commands = []
    }
  }

  /// The digest, and what it leaves out.
  private func state(_ client: Client) throws -> [String] {
    var state = ["\(try client.command("DEBUG", "DIGEST"))"]
    for database in [0, 4, 8] {
      try client.command("SELECT", "\(database)")
      state.append("\(try client.command("DBSIZE"))")
    }
    try client.command("SELECT", "0")
    for index in stride(from: 19, to: Self.keyCount / 3, by: 2000) {
      state.append(
        "\(try client.command("XPENDING", "group:\(index)", "g", "-", "+", "100"))".replacing(
          #/integer\(\d{1,9}\)/#, with: ""))
      state.append("\(try client.command("XINFO", "GROUPS", "group:\(index)"))")
    }
    return state
  }

  private func measured<R>(_ what: String, _ body: () throws -> R) rethrows -> R {
    let began = ContinuousClock.now
    defer { print("\(what): \(ContinuousClock.now - began)") }
    return try body()
  }

  @Test func allTypesByFileAndByFullSyncThereAndBack() throws {
    let redis = try ServerProcess(.redis, directives: Self.directives)
    let primary = try redis.connect(timeoutMilliseconds: Self.patience)
    try measured("filling redis-server with \(Self.keyCount) keys") { try fill(primary) }
    let expected = try state(primary)
    #expect(expected[0].count > 40)
    #expect(try measured("SAVE by redis-server") { try primary.command("SAVE") } == .simple("OK"))

    // A file of Redis, loaded here.
    let ours = try measured("loading here") {
      try ServerProcess(.cambium, directives: Self.directives, directory: redis.directory)
    }
    let client = try ours.connect(timeoutMilliseconds: Self.patience)
    #expect(try measured("digest here") { try state(client) } == expected)
    // A full sync from Redis.
    let replica = try ServerProcess(.cambium, directives: Self.directives)
    let follower = try replica.connect(timeoutMilliseconds: Self.patience)
    try follower.command("REPLICAOF", "127.0.0.1", "\(redis.port)")
    let isUp = try measured("full sync") {
      try ServerProcess.wait(milliseconds: Self.patience) {
        guard case .bulk(let text) = try follower.command("INFO", "replication") else { return false }
        return String(decoding: text, as: UTF8.self).contains("master_link_status:up")
      }
    }
    #expect(isUp)
    #expect(try state(follower) == expected)
    replica.kill9()

    // A file from here, checked and loaded by Redis.
    try FileManager.default.removeItem(at: redis.directory.appendingPathComponent("dump.rdb"))
    #expect(try measured("SAVE here") { try client.command("SAVE") } == .simple("OK"))
    let file = ours.path(of: "dump.rdb")
    let size = try FileManager.default.attributesOfItem(atPath: file)[.size] ?? 0
    print("a file of \(size) bytes")
    let check = try Tool.run(["/usr/bin/redis-check-rdb", file], milliseconds: Self.patience)
    #expect(check.exitCode == 0 && check.output.contains("RDB looks OK"), "\(check.output.suffix(500))")
    let again = try measured("loading by redis-server") {
      try ServerProcess(.redis, directives: Self.directives, directory: redis.directory)
    }
    #expect(try state(again.connect(timeoutMilliseconds: Self.patience)) == expected)
    // And by this server itself.
    #expect(try measured("DEBUG RELOAD") { try client.command("DEBUG", "RELOAD") } == .simple("OK"))
    #expect(try state(client) == expected)
  }
}
