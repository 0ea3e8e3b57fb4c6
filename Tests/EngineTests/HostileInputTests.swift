import Foundation
import RESP
import TestSupport
import Testing

@testable import Engine
@testable import VersionedStore

/// Whatever a client sends, the server lives, each command gets exactly one well-formed reply, and the store stays whole.
@Suite struct HostileInputTests {
  /// What differs between the servers that are attacked.
  enum Situation: CaseIterable {
    case usual, oneDatabase, password, shortOfMemory, replica
  }

  @Test(arguments: Situation.allCases)
  func anyCommandGetsOneReply(_ situation: Situation) throws {
    let attack = Attack(situation)
    for _ in 0..<60 { try attack.round() }
    try attack.checkStore()
  }

  /// A replica keeps what has expired until its primary deletes it, whatever time it was given.
  @Test func aReplicaTellsOfKeysThatExpiredLongAgo() throws {
    let harness = EngineHarness()
    harness.engine.keyspace.leavesExpiryToPrimary = true
    try harness.run("SET", "k", "v")
    #expect(try harness.run("PEXPIREAT", "k", "-9223372036854775808") == .integer(1))
    #expect(try harness.run("INFO", "keyspace").text?.contains("keys=1,expires=1,avg_ttl=0") == true)
    #expect(try harness.run("PTTL", "k") == .integer(-2))
  }

  /// QUIT does not let a client hold memory that it could not hold without.
  @Test(arguments: [true, false])
  func aClientThatLeavesButDoesNotReadIsDropped(byTimeout: Bool) throws {
    let harness = EngineHarness()
    let transport = SlowTransport(harness.engine)
    let settings = harness.engine.settings
    if byTimeout {
      settings.timeout = 3
    } else {
      settings.outputLimits.normal = .init(hard: 0, soft: 20_000, softSeconds: 3)
    }
    transport.unsent = 50_000
    let session = harness.open()
    _ = harness.raw(["QUIT"], from: session)
    #expect(transport.dropped.isEmpty)
    for _ in 0..<10 {
      harness.clock.advance(milliseconds: 1000)
      harness.engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000)
    }
    #expect(transport.dropped.contains(session.id))
    #expect(harness.engine.sessions[session.id] == nil)
  }

  /// Nothing of a reply that is beyond the hard limit is handed over to be queued once more.
  @Test func aReplyBeyondTheHardLimitIsNotSent() throws {
    let harness = EngineHarness()
    try harness.run("SET", "k", String(repeating: "v", count: 100_000))
    let transport = SlowTransport(harness.engine)
    harness.engine.settings.outputLimits.normal = .init(hard: 1_000_000, soft: 0, softSeconds: 0)
    let session = harness.open()
    _ = harness.raw(["MGET"] + Array(repeating: "k", count: 9), from: session)
    #expect(transport.dropped.isEmpty && transport.sends == 1)
    _ = harness.raw(["MGET"] + Array(repeating: "k", count: 10), from: session)
    #expect(transport.dropped == [session.id] && transport.sends == 1)
    #expect(harness.engine.statistics.outputBufferLimitDisconnections == 1)
  }

  /// A reply that will never be sent is not put together to its end.
  @Test func aReplyFarBeyondTheHardLimitTakesNoMemory() throws {
    let harness = EngineHarness()
    try harness.run("SET", "k", String(repeating: "v", count: 100_000))
    harness.engine.settings.outputLimits.normal = .init(hard: 1_000_000, soft: 0, softSeconds: 0)
    let session = harness.open()
    #expect(harness.raw(["MGET"] + Array(repeating: "k", count: 1000), from: session).isEmpty)
    #expect(session.isClosing)
    #expect(session.output.capacity < 4_000_000)
  }
}

/// A transport whose clients do not read.
private final class SlowTransport: SessionTransport {
  private let engine: Engine
  /// Bytes that each sending leaves queued.
  var unsent = 0
  private(set) var sends = 0
  /// Ids of the sessions that were ended at once.
  private(set) var dropped: [Int] = []

  init(_ engine: Engine) {
    self.engine = engine
    engine.transport = self
  }

  func send(_ bytes: Bytes, to session: Session) {
    session.unsentByteCount += unsent
    sends += 1
  }

  func close(_ session: Session, afterOutput: Bool) {
    guard !afterOutput else { return }
    dropped.append(session.id)
    engine.peerClosed(session)
  }

  func wake() {}
}

/// Several clients that send whatever comes to mind to one server.
private final class Attack {
  private let situation: HostileInputTests.Situation
  private let harness: EngineHarness
  private var words: HostileWords
  private var sessions: [Session] = []
  private var lineage = 1

  private var engine: Engine { harness.engine }
  private var settings: Settings { harness.engine.settings }

  init(_ situation: HostileInputTests.Situation) {
    self.situation = situation
    let settings = Settings()
    settings.enableDebugCommand = .yes
    settings.protoMaxBulkLen = 1 << 20
    settings.versionHistory = 3
    if situation == .oneDatabase { settings.databases = 1 }
    if situation == .password { settings.requirepass = Array("secret".utf8) }
    harness = EngineHarness(settings: settings)
    words = HostileWords(harness.engine.commands, SeededGenerator())
    if situation == .replica {
      engine.isReplica = true
      settings.replicaReadOnly = false
      engine.keyspace.leavesExpiryToPrimary = true
    }
  }

  /// One tick with some commands of several sessions in it, and what happens between ticks.
  func round() throws {
    while sessions.count < 4 { sessions.append(open()) }
    var sent: [(session: Session, commands: [[[UInt8]]])] = []
    for session in sessions {
      let commands = (0..<Int.random(in: 0...40, using: &words.generator)).map { _ in words.command() }
      sent.append((session, commands))
      announce(session, commands)
      var request: [UInt8] = []
      for command in commands { request.command(command) }
      request.withBytes { engine.receive($0, from: session) }
    }
    for (session, commands) in sent { try check(harness.send([], from: session), session, commands) }
    sessions.removeAll { $0.isClosing || words.generator.oneIn(16) && leave($0) }
    surprise()
    engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000)
    giveUpVersions()
    if words.generator.oneIn(8) { try checkStore() }
  }

  private func open() -> Session {
    let session = harness.open()
    if situation == .password, !words.generator.oneIn(4) { _ = harness.raw(["AUTH", "secret"], from: session) }
    return session
  }

  private func leave(_ session: Session) -> Bool {
    engine.peerClosed(session)
    return true
  }

  /// A run that is to be seen again tells what it does before it does it: a crash tells nothing afterwards.
  private func announce(_ session: Session, _ commands: [[[UInt8]]]) {
    guard environmentSeed != nil else { return }
    for command in commands {
      let line = command.map { String(decoding: $0.prefix(80), as: UTF8.self).debugDescription }
      FileHandle.standardError.write(Data("\(session.id): \(line.joined(separator: " "))\n".utf8))
    }
  }

  private func check(_ output: [UInt8], _ session: Session, _ commands: [[[UInt8]]]) throws {
    var parser = ReplyParser()
    unsafe parser.append(output.span.bytes)
    var count = 0
    while try parser.next() != nil { count += 1 }
    #expect(parser.takeUnread().isEmpty, "half a reply, \(words.generator)")
    let isSilenced = commands.contains { $0.count > 1 && Self.isReply($0) }
    // Every channel that is named is confirmed, and there may be messages.
    if session.isSubscriber || commands.contains(where: Self.isSubscribing) {
      if words.generator.oneIn(3) { _ = harness.raw(["RESET"], from: session) }
    } else if isSilenced || session.isClosing {
      #expect(count <= commands.count + (session.isClosing ? 1 : 0), "\(words.generator)")
    } else {
      #expect(count == commands.count, "session \(session.id), \(words.generator)")
    }
    if isSilenced { session.replyMode = .on }
  }

  private static func isSubscribing(_ command: [[UInt8]]) -> Bool {
    String(decoding: command[0], as: UTF8.self).lowercased().hasSuffix("subscribe")
  }

  /// CLIENT REPLY, after which silence is what was asked for.
  private static func isReply(_ command: [[UInt8]]) -> Bool {
    String(decoding: command[0], as: UTF8.self).lowercased() == "client"
      && String(decoding: command[1], as: UTF8.self).lowercased() == "reply"
  }

  /// Time passes or not, memory gets short, the policy changes, another dataset goes live.
  private func surprise() {
    harness.clock.advance(milliseconds: [0, 1, 40, 5000, -2000].randomElement(using: &words.generator) ?? 0)
    if situation == .shortOfMemory {
      settings.maxmemory = words.generator.oneIn(4) ? 0 : engine.usedMemory + Int.random(in: -9000...9000)
      settings.maxmemoryPolicy = EvictionPolicy.allCases.randomElement(using: &words.generator) ?? .noEviction
      settings.versionHistory = Int.random(in: 0...3, using: &words.generator)
    }
    if words.generator.oneIn(20) {
      lineage += 1
      let staged = Dataset(databases: settings.databases, lineage: lineage)
      engine.keyspace.history.commit(staged, reason: "replicaof", atMilliseconds: Int64(harness.clock.milliseconds))
      engine.keyspace.liveDatasetChanged()
    }
  }

  /// Versions have no limit but their owner's patience, and a check of the store takes time for each pair.
  private func giveUpVersions() {
    let history = engine.keyspace.history
    guard history.versions.count > 12 else { return }
    for version in history.versions where !words.generator.oneIn(4) {
      for tag in version.holds { try? history.release(version.id, tag: tag) }
      _ = try? history.drop([version.id])
    }
  }

  func checkStore() throws {
    let history = engine.keyspace.history
    while !history.reclaim(limit: 10_000) {}
    for dataset in history.allDatasets {
      let violations = dataset.invariantViolations()
      #expect(violations.isEmpty, "\(violations.prefix(3)), \(words.generator)")
    }
    #expect(try harness.run("DBSIZE", from: open()) != .null)
  }
}
