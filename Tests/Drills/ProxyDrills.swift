import Foundation
import Glibc
import RESP
import TestSupport
import Testing

/// Trees of servers of both kinds, between which no connection can be relied on. Clients write all types to the root all the
/// while; when the faults stop, all datasets become equal.
///
/// `CAMBIUM_DRILL_SECONDS` says how long the faults last.
@Suite(.tags(.drill), .serialized) struct ProxyDrills {
  private static let seconds =
    ProcessInfo.processInfo.environment["CAMBIUM_DRILL_SECONDS"].flatMap { Double($0) } ?? 6
  private static let patience = 90_000

  /// A server, and the proxy through which it follows the one above it.
  private struct Member {
    let name: String
    let server: ServerProcess
    let client: Client
    let proxy: FaultProxy?
  }

  private static let directives = [
    "save ''", "enable-debug-command yes", "repl-diskless-sync-delay 0", "repl-ping-replica-period 1", "repl-timeout 5",
    "repl-backlog-size 64kb",
  ]

  /// Each server follows the one at the place that is given, the first nobody.
  private func tree(_ plan: [(program: ServerProcess.Program, parent: Int)], _ generator: inout SeededGenerator) throws
    -> [Member]
  {
    var members: [Member] = []
    for (index, (program, parent)) in plan.enumerated() {
      let isOurs = if case .cambium = program { true } else { false }
      let server = try ServerProcess(program, directives: Self.directives)
      let client = try server.connect(timeoutMilliseconds: 30_000)
      let name = "\(isOurs ? "cambium" : "redis") \(index) on \(server.port)"
      guard index > 0 else {
        members.append(Member(name: name, server: server, client: client, proxy: nil))
        continue
      }
      let proxy = try FaultProxy(to: members[parent].server.port, seed: generator.next())
      #expect(try client.command("REPLICAOF", "127.0.0.1", "\(proxy.port)") == .simple("OK"))
      members.append(Member(name: name, server: server, client: client, proxy: proxy))
    }
    return members
  }

  @Test func aTreeUnderCambium() throws {
    var generator = SeededGenerator()
    print("a tree under Cambium: \(generator)")
    let plan: [(ServerProcess.Program, Int)] = [(.cambium, 0), (.cambium, 0), (.redis, 0), (.redis, 1), (.cambium, 2)]
    try run(plan, &generator)
  }

  @Test func aTreeUnderRedis() throws {
    var generator = SeededGenerator()
    print("a tree under redis-server: \(generator)")
    let plan: [(ServerProcess.Program, Int)] = [(.redis, 0), (.cambium, 0), (.redis, 1), (.cambium, 1)]
    try run(plan, &generator)
  }

  private func run(_ plan: [(ServerProcess.Program, Int)], _ generator: inout SeededGenerator) throws {
    let members = try tree(plan, &generator)
    defer { for member in members { member.proxy?.end() } }
    let count = try write(members[0].client, &generator)
    for member in members { member.proxy?.heal() }
    let proxies = members.compactMap(\.proxy?.counts)
    print(
      "\(count) commands; \(proxies.reduce(0) { $0 + $1.connections }) connections, \(proxies.reduce(0) { $0 + $1.cuts }) cut, \(proxies.reduce(0) { $0 + $1.delays }) delayed, \(proxies.reduce(0) { $0 + $1.halves }) half-open, \(proxies.reduce(0) { $0 + $1.doubles }) doubled"
    )
    var states: [String] = []
    let isEqual = try ServerProcess.wait(milliseconds: Self.patience) {
      states = try members.map { try state($0) }
      if states.allSatisfy({ $0 == states[0] }) { return true }
      usleep(200_000)
      return false
    }
    let shown = zip(members, states).map { "\($0.name): \($1)" }.joined(separator: "\n")
    #expect(isEqual, "\(generator)\n\(shown)\n\(members.map { tail($0) }.joined(separator: "\n"))")
    #expect(states[0].count > 40)
    for member in members {
      #expect(!member.server.log.text.contains("== CRITICAL =="), "\(generator) \(member.name)")
      #expect(member.server.isRunning)
    }
  }

  /// The digest, and how far the stream has come.
  private func state(_ member: Member) throws -> String {
    let info = try member.client.command("INFO", "replication").text ?? ""
    let offset = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("master_repl_offset:") } ?? ""
    let isDown = info.contains("master_link_status:down")
    return "\(try member.client.command("DEBUG", "DIGEST").text ?? "") \(isDown ? "down" : String(offset))"
  }

  private func tail(_ member: Member) -> String {
    "\(member.name):\n" + member.server.log.text.split(separator: "\n").suffix(25).joined(separator: "\n")
  }

  /// Writes for as long as the faults last, and returns how many commands.
  private func write(_ client: Client, _ generator: inout SeededGenerator) throws -> Int {
    var mix = CommandMix(SeededGenerator(seed: generator.next()), .allFamilies)
    let end = ContinuousClock.now + .milliseconds(Int(Self.seconds * 1000))
    var count = 0
    while ContinuousClock.now < end {
      var commands: [[String]] = []
      for _ in 0..<Int.random(in: 1...60, using: &generator) {
        commands += generator.oneIn(4) ? odd(&generator) : [mix.next()]
      }
      let replies = try client.pipeline(commands)
      count += replies.count
      usleep(UInt32.random(in: 0...30_000, using: &generator))
    }
    return count
  }

  /// Commands that are not passed on as they are, because they draw lots, read the clock or have things expire; and such as
  /// belong together.
  private func odd(_ generator: inout SeededGenerator) -> [[String]] {
    func key(_ letter: String) -> String { "\(letter)\(Int.random(in: 0...2, using: &generator))" }
    let soon = "\(Int.random(in: 1...2000, using: &generator))"
    switch Int.random(in: 0...15, using: &generator) {
    case 0: return [["SET", key("k"), "soon over", "PX", soon]]
    case 1: return [["PEXPIRE", key("h"), soon], ["PEXPIRE", key("z"), soon]]
    case 2: return [["SPOP", key("s")]]
    case 3: return [["SPOP", key("s"), "3"]]
    case 4: return [["INCRBYFLOAT", key("k"), "0.1"], ["HINCRBYFLOAT", key("h"), "f", "0.1"]]
    case 5: return [["XADD", key("x"), "*", "f", "v"], ["XADD", key("x"), "MAXLEN", "~", "9", "*", "f", "v"]]
    case 6: return [["XGROUP", "CREATE", key("x"), "g", "0", "MKSTREAM"]]
    case 7: return [["XREADGROUP", "GROUP", "g", "c", "COUNT", "3", "STREAMS", key("x"), ">"]]
    case 8: return [["XAUTOCLAIM", key("x"), "g", "d", "0", "0"]]
    case 9: return [["BLPOP", key("l"), key("l"), "0.001"], ["RPUSH", key("l"), "a", "b", "c"]]
    case 10: return [["SADD", key("s")] + (0..<50).map { "m\($0)" }]
    case 11: return [["HSET", key("h")] + (0..<20).flatMap { ["f\($0)", String(repeating: "v", count: 200)] }]
    case 12: return [["MULTI"], ["RPUSH", key("l"), "x"], ["SPOP", key("s")], ["INCR", "counter"], ["EXEC"]]
    case 13:
      return [
        [
          "EVAL",
          "redis.call('INCR', 'counter') redis.call('RPUSH', KEYS[1], redis.call('TIME')[2]) return redis.call('SPOP', KEYS[2])",
          "2", "times", key("s"),
        ], ["LTRIM", "times", "-20", "-1"],
      ]
    case 14: return [["SET", "filler:\(soon)", String(repeating: "x", count: 3000), "PX", "60000"]]
    default: return [["UNLINK", key("k"), key("h"), key("l"), key("s"), key("z")]]
    }
  }
}
