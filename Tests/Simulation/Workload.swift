import Engine
import RESP
import TestSupport

/// What clients write on one server: commands of all types and families, alone, in transactions and in scripts, and with each a
/// stamp.
final class Workload {
  private let world: World
  private let server: SimulatedServer
  private var mix: CommandMix
  /// Sends what may block, or change its database.
  private var writer: SimulatedClient?
  /// Sends stamps.
  private var scribe: SimulatedClient?
  /// Clients that wait for a key.
  private var waiters: [SimulatedClient] = []
  private var beginnings = 0

  init(_ server: SimulatedServer) {
    world = server.world
    self.server = server
    mix = CommandMix(SeededGenerator(seed: server.world.random.next()), .allFamilies)
  }

  /// Begins the dataset of a server that has none, or one anew.
  func begin() {
    guard let scribe = scribeNow() else { return }
    beginnings += 1
    let tag = "\(server.port)-\(server.lifeCount)-\(beginnings)"
    world.note("\(server.name): begins dataset \(tag)")
    let number = world.nextStamp()
    for command in Landmarks.beginning(tag: tag, number: number) { send(command, number, scribe) }
  }

  /// One unit, and a stamp with it or behind it.
  func write() {
    guard let life = server.life else { return }
    // A server that has lost everything is begun anew before anything else is written.
    if world.invariants.landmarks(life).shape == .blank {
      if !life.engine.isReplica { return begin() }
      // It would refuse the write now, but may be no replica any more when it comes to that.
      if life.isBlocked { return }
    }
    guard let writer = writerNow(), let scribe = scribeNow() else { return }
    let command = world.chance(30) ? oddCommand() : mix.next()
    world.counts.writes += 1
    let number = world.nextStamp()
    let stamp = ["SET", "stamp", "\(number)"]
    world.note("\(server.name): \(command.joined(separator: " ").prefix(200).debugDescription)")
    switch world.pick(0...9) {
    case 0...5:
      writer.send(command)
      let outcome = Outcome()
      send(stamp, number, scribe, outcome)
      if world.chance(20) { wait(for: number, outcome, scribe, life) }
    case 6...7:
      for command in [["MULTI"], stamp, ["SELECT", "\(world.pick(0...2))"], command, ["SELECT", "9"], ["EXEC"]] {
        send(command, number, scribe)
      }
    case 8:
      scribe.send(
        [
          "EVAL",
          "redis.call('select', ARGV[1]) local r = redis.pcall(unpack(ARGV, 3)) redis.call('select', 9) redis.call('set', 'stamp', ARGV[2]) return redis.status_reply('done')",
          "0", "\(world.pick(0...2))", stamp[2],
        ] + command)
    default:
      for _ in 0..<world.pick(1...5) { writer.send(mix.next()) }
      send(stamp, number, scribe)
    }
  }

  /// What became of a stamp: it may be refused, and WAIT is about what was written before it then.
  private final class Outcome {
    var isWritten = false
  }

  /// Asks how many replicas have a stamp.
  private func wait(for number: Int, _ outcome: Outcome, _ scribe: SimulatedClient, _ life: Life) {
    let (tag, rollbacks) = (world.invariants.landmarks(life).tag, life.rollbackCount)
    scribe.send(["WAIT", "\(world.pick(1...2))", "\(world.pick(1...2000))"]) { [self] reply in
      guard case .integer(let count) = reply, outcome.isWritten, rollbacks == life.rollbackCount,
        world.invariants.landmarks(life).tag == tag
      else { return }
      world.invariants.acknowledged(number, of: tag, by: count, life)
    }
  }

  /// Sends a command; if it is the one that ends the writing of a stamp, its answer says that the stamp is safe.
  private func send(_ command: [String], _ number: Int, _ scribe: SimulatedClient, _ outcome: Outcome? = nil) {
    guard let life = server.life else { return }
    let time = world.now
    scribe.send(command) { reply in
      switch (command[0], reply) {
      case ("SET", .simple("OK")), ("EXEC", .array):
        outcome?.isWritten = true
        life.acknowledged(number, askedAt: time)
      default: break
      }
    }
  }

  private func client() -> SimulatedClient? { server.life.map { SimulatedClient($0) } }

  private func writerNow() -> SimulatedClient? {
    if let writer, !writer.isOver {
      // It waits for a key, it seems.
      guard writer.unansweredCount > 8 else { return writer }
      waiters.append(writer)
      if waiters.count > 3 { waiters.removeFirst().leave() }
    }
    writer = client()
    return writer
  }

  private func scribeNow() -> SimulatedClient? {
    if scribe?.isOver != false {
      scribe = client()
      scribe?.send(["SELECT", "\(Landmarks.database)"])
    }
    return scribe
  }

  /// Commands whose effect is not what they say: they draw lots, read the clock, wait, or have things expire.
  private func oddCommand() -> [String] {
    func key(_ letter: String) -> String { "\(letter)\(world.pick(0...2))" }
    let soon = "\(world.pick(1...3000))"
    switch world.pick(0...25) {
    case 0: return ["SET", key("k"), "soon over", "PX", soon]
    case 1: return ["PEXPIRE", key(world.pick(["h", "l", "s", "z", "x", "b"])), soon]
    case 2: return ["GETEX", key("k"), "PX", soon]
    case 3: return ["EXPIRE", key("k"), "\(world.pick(-1...3))"]
    case 4: return ["SPOP", key("s")]
    case 5: return ["SPOP", key("s"), "\(world.pick(0...5))"]
    case 6: return ["INCRBYFLOAT", key("k"), "0.1"]
    case 7: return ["HINCRBYFLOAT", key("h"), "f", "0.1"]
    case 8: return ["XADD", key("x"), "*", "f", "v"]
    case 9: return ["XADD", key("x"), "MAXLEN", "~", "5", "*", "f", "v"]
    case 10: return ["XGROUP", "CREATE", key("x"), "g", "0", "MKSTREAM"]
    case 11: return ["XREADGROUP", "GROUP", "g", "c", "COUNT", "3", "STREAMS", key("x"), ">"]
    case 12: return ["XAUTOCLAIM", key("x"), "g", "d", "0", "0"]
    case 13: return ["BLPOP", key("l"), key("l"), world.pick(["0", "0.5", "2"])]
    case 14: return ["BLMOVE", key("l"), key("l"), "LEFT", "RIGHT", "1"]
    case 15: return ["BZPOPMIN", key("z"), world.pick(["0", "1"])]
    case 16: return ["XREADGROUP", "GROUP", "g", "e", "BLOCK", "500", "STREAMS", key("x"), ">"]
    case 17: return ["RPUSH", key("l"), "a", "b", "c"]
    case 18: return ["HSET", key("h")] + (0..<world.pick(1...20)).flatMap { ["f\($0)", "v"] }
    case 19: return ["HPEXPIRE", key("h"), soon, "FIELDS", "2", "f", "f1"]
    case 20: return ["SADD", key("s")] + (0..<world.pick(1...40)).map { "m\($0)" }
    case 21: return ["PUBLISH", "news", "\(world.now)"]
    case 22: return ["SORT", key("s"), "BY", "nosort", "LIMIT", "0", "3", "STORE", key("l")]
    case 23: return ["LMPOP", "2", key("l"), key("l"), "RIGHT", "COUNT", "2"]
    case 24: return ["RENAME", key(world.pick(["h", "l", "s", "z"])), key("k")]
    default: return ["UNLINK", key("k"), key("h"), key("l"), key("s"), key("z")]
    }
  }
}
