import Foundation
import Glibc
import RESP
import TestSupport
import Testing

/// Random commands of every family, to redis-server and to cambium-server, with all events of keys published: both tell
/// the same of the same keys, in the same order.
///
/// Left out: SPOP, since which members go is drawn at random and the sets would differ from then on (its events are tested
/// by themselves), and times to live of hash fields, which Redis 7.0 has not.
@Suite struct KeyspaceEventsTests {
  @Test func eventsAreAlike() throws {
    let twins = try EventTwins()
    var mix = CommandMix(SeededGenerator(), .allFamilies)
    for _ in 0..<3000 {
      // Now and then a command meets keys that have expired and that nobody has looked at yet.
      if mix.generator.oneIn(12) {
        let first = Int.random(in: 0...6, using: &mix.generator)
        for key in first..<first + 3 {
          // On a busy machine that time may be over before one of the servers has set it.
          let words = ["PEXPIRE", "k\(key % 7)", "3"]
          if try !twins.check(words) { _ = try twins.check(["DEL", words[1]]) }
        }
        usleep(6000)
      }
      let command = mix.next()
      if CommandMix.comparison(of: command) == .popped { continue }
      guard try twins.check(command) else {
        Issue.record("\(mix.generator): \(twins.difference)")
        return
      }
    }
    #expect(twins.eventCount > 1000)
  }

  /// Commands whose events are told in a certain order, or more than one, or none.
  @Test func eventsOfSingleCommandsAreAlike() throws {
    let twins = try EventTwins()
    let commands = """
      SET s 1|SET s 2 EX 100|SETEX s 100 1|SET s 3 KEEPTTL|SETNX s 1|SETNX n 1|GETSET s 5|GETEX s EX 100|GETEX s PERSIST
      GETEX s PERSIST|GETEX s EXAT 1|GETDEL s|GETDEL n|GETDEL n|MSET a 1 b 2|MSETNX a 1 c 2|MSETNX c 1 d 2|APPEND a x
      APPEND e x|SETRANGE a 1 yy|SETRANGE f 3 z|SETRANGE g 3 ""|INCR i|INCRBY i 3|DECR i|INCRBYFLOAT i 1.5|INCR a
      SETBIT bits 9 1|SETBIT bits 9 1|SETBIT bits 9 0|BITOP AND out bits a|BITOP AND out none nothing|BITOP NOT out none
      BITFIELD bf SET u8 0 255|BITFIELD bf INCRBY u8 0 1 INCRBY u8 8 1|BITFIELD bf GET u8 0|BITFIELD bf2 GET u8 0
      BITFIELD bf3 OVERFLOW FAIL INCRBY u8 0 300|PFADD h1 a b|PFADD h1 a b|PFADD h2|PFADD h2|PFCOUNT h1|PFCOUNT h1
      PFMERGE h3 h1 h2|PFCOUNT h1 h3 none|DEL a b nope|UNLINK c d|EXPIRE h1 100|EXPIRE h1 -1|EXPIRE nope 1|PERSIST i
      EXPIRE i 100|PERSIST i|EXPIRE i 100 NX|EXPIRE i 100 XX|RENAME i j|RENAME j j|RENAME nope x|SET i 1|RENAME i j|RENAMENX j j
      SET i 1|RENAMENX i j|RENAMENX i k|MOVE k 9|MOVE k 9|SET k 1|MOVE k 9|COPY k k2|COPY k k2|COPY k k2 REPLACE|COPY k k DB 9
      COPY k k DB 9 REPLACE|COPY nope x|TOUCH k nope|EXISTS k nope|TYPE nope|TTL nope|OBJECT ENCODING nope|DUMP nope
      LPUSH l 1 2 3|RPUSH l 4|LPUSHX l 5|LPUSHX nope 5|RPUSHX l 6|LINSERT l BEFORE 1 x|LINSERT l BEFORE nope x|LSET l 0 y
      LTRIM l 0 -1|LTRIM l 0 3|LREM l 0 nope|LREM l 0 y|LPOP l|RPOP l 0|LMOVE l m LEFT RIGHT|LMOVE l m RIGHT LEFT|RPOPLPUSH m m
      LMOVE m m LEFT LEFT|RPOPLPUSH m m2|RPOPLPUSH nope m|LPUSH l 1|LTRIM l 5 6|RPUSH l 1 1 1|LREM l 0 1|RPUSH l 1 2
      LMPOP 2 nope l LEFT COUNT 1|LMPOP 1 l RIGHT|LPOP l|RPUSH l 3 1 2|SORT l STORE sorted|SORT nope STORE sorted|SORT nope STORE sorted
      RPOP l 5|SADD s1 a b c|SADD s1 a|SADD s1 a d|SREM s1 x|SREM s1 a|SMOVE s1 s2 b|SMOVE s1 s2 nope|SMOVE s2 s2 b|SADD s2 c
      SMOVE s1 s2 c|SMOVE s1 s2 d|SINTERSTORE out s2 s2|SINTERSTORE out s2 nope|SINTERSTORE out s2 nope|SUNIONSTORE out s2 nope
      SDIFFSTORE out s2 s2|SUNIONSTORE s2 s2|SREM s2 b c d|SADD one x|SPOP one|SADD one x y|SPOP one 5|SADD one x|SPOP one 0
      SRANDMEMBER nope|SPOP nope|ZADD z 1 a 2 b|ZADD z 1 a|ZADD z 3 a 4 c|ZADD z XX 5 nope|ZADD nope XX 1 a|ZADD z NX 9 a
      ZADD z INCR 1 a|ZINCRBY z 1 new|ZADD z GT 1 a|ZREM z nope|ZREM z a|ZADD z 1 a|ZPOPMIN z|ZPOPMAX z 0|ZPOPMAX z 9|ZPOPMIN z
      ZADD z 1 a 2 b 3 c 4 d|ZREMRANGEBYRANK z 9 10|ZREMRANGEBYRANK z 0 0|ZREMRANGEBYSCORE z 2 2|ZREMRANGEBYLEX z - +
      ZADD z 1 a 2 b|ZMPOP 2 nope z MIN|ZMPOP 1 z MAX COUNT 5|ZADD z 1 a|ZUNIONSTORE zo 1 z|ZINTERSTORE zo 2 z nope|ZDIFFSTORE zo 1 z
      ZRANGESTORE zr z 0 -1|ZRANGESTORE zr z 5 6|ZRANGESTORE zr z 5 6|GEOADD geo 13.3 38.1 p|GEOADD geo XX 13.3 38.1 q
      GEOADD g2 XX 13.3 38.1 q|GEOADD geo 13.4 38.1 p|GEORADIUS geo 13 38 200 km STORE gs|GEORADIUS geo 50 38 1 km STORE gs
      GEORADIUS nope 50 38 1 km STORE gs|GEOSEARCHSTORE gs geo FROMLONLAT 13 38 BYRADIUS 200 km|GEOSEARCHSTORE gs nope FROMLONLAT 13 38 BYRADIUS 200 km
      HSET h a 1 b 2|HSET h a 1|HMSET h c 3|HSETNX h a 1|HSETNX h d 1|HSETNX hn d 1|HINCRBY h a 1|HINCRBY hi a 1|HINCRBYFLOAT h a 1
      HINCRBYFLOAT hf a 1|HDEL h nope|HDEL h a b|HDEL h c d|HGET nope a|HGETALL nope|XADD x 1-1 a 1|XADD x MAXLEN 1 2-1 a 1
      XADD y NOMKSTREAM 1-1 a 1|XADD x MAXLEN = 5 3-1 a 1|XTRIM x MAXLEN 1|XTRIM x MAXLEN 1|XDEL x 9-9|XDEL x 3-1|XSETID x 9-9
      XGROUP CREATE x g 0|XGROUP CREATE x g 0|XGROUP CREATE nope g 0|XGROUP CREATE mk g 0 MKSTREAM|XGROUP CREATECONSUMER x g c
      XGROUP CREATECONSUMER x g c|XADD x 10-1 a 1|XREADGROUP GROUP g c STREAMS x >|XREADGROUP GROUP g d STREAMS x >
      XREADGROUP GROUP g d STREAMS x 0|XCLAIM x g e 0 10-1|XAUTOCLAIM x g f 0 0|XACK x g 10-1|XGROUP DELCONSUMER x g c
      XGROUP DELCONSUMER x g nope|XGROUP SETID x g 0|XGROUP DESTROY x g|XGROUP DESTROY x g|XLEN nope|XREAD STREAMS nope 0
      RESTORE r 0 "\\x00\\x011\\x0a\\x00"|FLUSHDB|FLUSHALL|SWAPDB 0 1
      """
    for command in commands.split(whereSeparator: { $0 == "|" || $0 == "\n" }) {
      let words = command.split(separator: " ").map { $0 == "\"\"" ? "" : String($0) }
      guard try twins.check(words) else { return #expect(Bool(false), "\(twins.difference)") }
    }
    #expect(twins.eventCount > 300)
  }

  /// A value that goes elsewhere as a payload.
  @Test func restoringIsToldAlike() throws {
    let twins = try EventTwins()
    #expect(try twins.check(["SET", "a", "1"]))
    let payload = try #require(try twins.redis.command("DUMP", "a").bytes).map { String(UnicodeScalar($0)) }.joined()
    for command in [
      ["RESTORE", "b", "0", payload], ["RESTORE", "b", "0", payload], ["RESTORE", "b", "0", payload, "REPLACE"],
      ["RESTORE", "b", "1", payload, "ABSTTL", "REPLACE"], ["RESTORE", "b", "1", payload, "ABSTTL"],
    ] {
      guard try twins.check(command) else { return #expect(Bool(false), "\(twins.difference)") }
    }
  }

  /// What a client that waits is given is told as if it had asked for it.
  @Test(arguments: [
    "BLPOP q 0|RPUSH q a b", "BRPOP q 0|RPUSH q a", "BLMOVE q w LEFT RIGHT 0|LPUSH q a b",
    "BRPOPLPUSH q q 0|LPUSH q a b",
    "BRPOPLPUSH q w 0|RPUSH q a", "BLMPOP 0 1 q LEFT COUNT 5|RPUSH q a b", "BZPOPMIN z 0|ZADD z 1 a 2 b",
    "BZPOPMAX z 0|ZADD z 1 a", "BZMPOP 0 1 z MAX COUNT 2|ZADD z 1 a 2 b", "XREAD BLOCK 0 STREAMS x 0|XADD x 1-1 a 1",
    "BLPOP q 0|SORT numbers STORE q", "BLPOP q 0|RENAME numbers q", "BLPOP q 0|COPY numbers q",
  ])
  func servingWaitingClientsIsToldAlike(_ pair: String) throws {
    let twins = try EventTwins()
    let commands = pair.split(separator: "|").map { $0.split(separator: " ").map(String.init) }
    #expect(try twins.check(["RPUSH", "numbers", "3", "1", "2"]))
    try twins.wait(for: commands[0])
    #expect(try twins.check(commands[1]), "\(twins.difference)")
    #expect(try twins.areWaitersServedAlike())
  }

  /// Keys that expire by themselves, or that are evicted.
  @Test func cambiumTellsWhatGoesByItself() throws {
    let server = try ServerProcess(.cambium, directives: ["save ''", "notify-keyspace-events Exe", "hz 100"])
    let (client, listener) = (try server.connect(), try server.connect(timeoutMilliseconds: 20_000))
    try listener.command("PSUBSCRIBE", "__key*")
    try client.command("PSETEX", "short", "1", "x")
    #expect(try listener.readReply().elements.map(\.text) == ["pmessage", "__key*", "__keyevent@0__:expired", "short"])
    try client.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    try client.command("SET", "old", "x")
    try client.command("CONFIG", "SET", "maxmemory", "1")
    #expect(try listener.readReply().elements.map(\.text) == ["pmessage", "__key*", "__keyevent@0__:evicted", "old"])
  }
}

/// Both servers with all events published, and somebody who listens to each.
private final class EventTwins {
  let redis: Client
  private let cambium: Client
  private let listeners: [Client]
  private let waiters: [Client]
  private var history: [[String]] = []
  private(set) var eventCount = 0
  /// What the last command had both tell, if that is not the same.
  private(set) var difference = ""

  init() throws {
    let directives = ["save ''", "enable-debug-command yes", "notify-keyspace-events KEAnm"]
    let servers = try [ServerProcess(.redis, directives: directives), ServerProcess(.cambium, directives: directives)]
    (redis, cambium) = (
      try servers[0].connect(timeoutMilliseconds: 20_000), try servers[1].connect(timeoutMilliseconds: 20_000)
    )
    listeners = try servers.map { try $0.connect(timeoutMilliseconds: 20_000) }
    waiters = try servers.map { try $0.connect(timeoutMilliseconds: 20_000) }
    for client in [redis, cambium] { try client.command("DEBUG", "SET-ACTIVE-EXPIRE", "0") }
    for listener in listeners {
      try listener.command("PSUBSCRIBE", "__key*__:*")
      try listener.command("SUBSCRIBE", "end")
    }
  }

  /// Has another client of both wait, and returns when it does.
  func wait(for command: [String]) throws {
    for (waiter, client) in zip(waiters, [redis, cambium]) {
      try waiter.sendCommand(command.map { Array($0.utf8) })
      let isWaiting = try ServerProcess.wait(milliseconds: 10_000) {
        try client.command("INFO", "clients").text?.contains("blocked_clients:1\r\n") ?? false
      }
      #expect(isWaiting)
    }
  }

  func areWaitersServedAlike() throws -> Bool {
    try waiters[0].readRawReply().bytes == waiters[1].readRawReply().bytes
  }

  /// Has both execute a command. Returns whether both have told the same events.
  func check(_ command: [String]) throws -> Bool {
    history.append(command)
    var replies: [Reply] = []
    for client in [redis, cambium] {
      var request: [UInt8] = []
      request.command(command.map(CommandMix.bytes))
      request.command(["PUBLISH", "end", "x"].map { Array($0.utf8) })
      try client.send(request)
    }
    for client in [redis, cambium] {
      replies.append(try client.readReply())
      _ = try client.readReply()
    }
    var events = try listeners.map { try self.events(of: $0) }
    // The order in which the elements of a set are met is a server's own affair.
    // What walks over keys meets those that have expired in the order of the server's own table.
    if ["SORT", "SCAN", "KEYS", "RANDOMKEY"].contains(where: { command[0].uppercased().hasPrefix($0) }) {
      events = events.map { $0.sorted() }
    }
    eventCount += events[0].count
    if events[0] == events[1] { return true }
    difference = """
      \(command) was told otherwise
        redis:   \(events[0]) \(replies[0])
        cambium: \(events[1]) \(replies[1])
      after
      \(history.suffix(60).map { "  \($0)" }.joined(separator: "\n"))
      """
    return false
  }

  /// Channels and messages up to the mark.
  private func events(of listener: Client) throws -> [String] {
    var events: [String] = []
    while true {
      let parts = try listener.readReply().elements.map { String(decoding: $0.bytes ?? [], as: UTF8.self) }
      if parts.first == "message" { return events }
      events.append(parts.suffix(2).joined(separator: " "))
    }
  }
}
