import Foundation
import RESP
import TestSupport
import Testing

@testable import Engine
@testable import VersionedStore

/// Several clients that send whatever comes to mind to one server, in pieces cut at random, some of them damaged.
///
/// Looked at after every round: what each client gets is a row of whole replies, and, where that is defined, one for each
/// command. From time to time: the store is whole, and what was flushed is gone.
final class Fuzzer {
  /// What differs between the servers that are attacked.
  enum Situation: CaseIterable {
    case usual, oneDatabase, password, shortOfMemory, replica
  }

  private struct Client {
    let session: Session
    var parser = ReplyParser()
    /// Commands that were sent and not answered.
    var owed = 0
    /// Has asked for messages, or for silence: how many replies it gets is not defined.
    var isOdd = false
    /// Sends bytes that were damaged.
    var isDamaged: Bool
  }

  private let situation: Situation
  private let server: FuzzServer
  private let settings: Settings
  private var words: FuzzWords
  private var clients: [Client] = []
  private let journal: FuzzJournal
  private(set) var commandCount = 0

  private var engine: Engine { server.engine }

  init(_ situation: Situation, _ generator: SeededGenerator, journal: FuzzJournal) throws {
    self.situation = situation
    self.journal = journal
    settings = Settings()
    settings.enableDebugCommand = .yes
    settings.protoMaxBulkLen = 1 << 20
    settings.clientQueryBufferLimit = 8 << 20
    settings.outputLimits.normal = .init(hard: 16 << 20, soft: 0, softSeconds: 0)
    settings.versionHistory = 3
    if situation == .oneDatabase { settings.databases = 1 }
    server = FuzzServer(settings)
    let docs = try server.ask("COMMAND", "DOCS")
    words = FuzzWords(CommandGrammar(docs ?? .null), generator)
    if situation == .password {
      engine.setDefaultPassword(Array("secret".utf8))
    }
    if situation == .replica {
      engine.isReplica = true
      settings.replicaReadOnly = false
      engine.keyspace.leavesExpiryToPrimary = true
    }
  }

  // MARK: Rounds

  /// Some commands of several clients, and what happens beside them.
  func round() throws {
    while clients.count < 6 { clients.append(try open()) }
    var inputs: [(client: Int, pieces: [ArraySlice<UInt8>])] = []
    for index in clients.indices {
      let request = request(index)
      inputs.append((index, words.generator.oneIn(3) ? words.generator.pieces(of: request) : [request[...]]))
    }
    // The pieces of all clients, in turns, with ticks in between.
    while !inputs.isEmpty {
      let turn = Int.random(in: 0..<inputs.count, using: &words.generator)
      guard let piece = inputs[turn].pieces.first else {
        inputs.remove(at: turn)
        continue
      }
      inputs[turn].pieces.removeFirst()
      server.receive(piece, from: clients[inputs[turn].client].session)
      if words.generator.oneIn(4) { server.tick() }
    }
    server.tick()
    for index in clients.indices { try check(index) }
    surprise()
    server.cron()
    server.tick()
    for index in clients.indices { try check(index) }
    leave()
    giveUpVersions()
  }

  private func open() throws -> Client {
    var client = Client(session: server.open(), isDamaged: words.generator.oneIn(6))
    var greeting: [[String]] = []
    if situation == .password, !words.generator.oneIn(5) { greeting.append(["AUTH", "secret"]) }
    if words.generator.oneIn(3) { greeting.append(["HELLO", "3"]) }
    var request: [UInt8] = []
    for command in greeting { request.command(command.map { Array($0.utf8) }) }
    client.owed = greeting.count
    server.receive(request, from: client.session)
    return client
  }

  /// What a client sends in this round.
  private func request(_ index: Int) -> [UInt8] {
    let session = clients[index].session
    guard engine.sessions[session.id] != nil else { return [] }
    var request: [UInt8] = []
    for _ in 0..<Int.random(in: 0...(words.generator.oneIn(4) ? 40 : 8), using: &words.generator) {
      let command = words.command()
      commandCount += 1
      journal.note(session.id, command)
      if words.generator.oneIn(40), command.allSatisfy(Self.isInline) {
        request += command.joined(separator: [UInt8(ascii: " ")]) + [13, 10]
      } else {
        request.command(command)
      }
      clients[index].owed += 1
      if Self.isOdd(command) { clients[index].isOdd = true }
    }
    if clients[index].isDamaged { damage(&request) }
    return request
  }

  /// A word that means itself in a line.
  private static func isInline(_ word: [UInt8]) -> Bool {
    !word.isEmpty
      && word.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "'") }
      && word.first != UInt8(ascii: "*")
  }

  private func damage(_ bytes: inout [UInt8]) {
    guard !bytes.isEmpty else { return }
    for _ in 0..<Int.random(in: 1...4, using: &words.generator) where !bytes.isEmpty {
      let index = Int.random(in: 0..<bytes.count, using: &words.generator)
      switch Int.random(in: 0..<6, using: &words.generator) {
      case 0: bytes[index] = UInt8.random(in: 0...255, using: &words.generator)
      case 1: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &words.generator)
      case 2: bytes.remove(at: index)
      case 3: bytes.insert(contentsOf: words.generator.bytes(count: 3), at: index)
      case 4: bytes.insert(contentsOf: Array("\r\n*-1$9999999999:".utf8).prefix(6), at: index)
      default: bytes.removeSubrange(index..<min(bytes.count, index + 5))
      }
    }
    journal.note("damaged", bytes)
  }

  /// Of commands that are not answered once each: those of subscribers, MONITOR, CLIENT REPLY, and what opens a stream.
  private static func isOdd(_ command: [[UInt8]]) -> Bool {
    let words = command.prefix(2).map { String(decoding: $0, as: UTF8.self).lowercased() }
    guard let name = words.first else { return true }
    return name.hasSuffix("subscribe") || ["monitor", "psync", "sync"].contains(name)
      || name == "client" && words.count > 1 && words[1] == "reply"
  }

  // MARK: Checks

  private func check(_ index: Int) throws {
    let bytes = server.takeOutput(clients[index].session)
    let session = clients[index].session
    let isGone = engine.sessions[session.id] == nil
    if !bytes.isEmpty {
      unsafe clients[index].parser.append(bytes.span.bytes)
      do {
        while let reply = try clients[index].parser.next() {
          if case .push = reply { continue }
          clients[index].owed -= 1
          if words.generator.oneIn(12) { hear(reply, depth: 0) }
        }
      } catch {
        // Where a script returns a table that holds itself, or a line quotes a long argument, this parser gives up before
        // the server does.
        let rest = clients[index].parser.takeUnread()
        if error.kind == .tooDeep || error.kind == .badLine && rest.count > 64_000 { return engine.peerClosed(session) }
        let shown = String(decoding: rest.prefix(300), as: UTF8.self).debugDescription
        Issue.record("not a reply: \(error) in \(shown), \(words.generator) \(journal)")
      }
      #expect(isGone || clients[index].parser.takeUnread().isEmpty, "half a reply, \(words.generator) \(journal)")
    }
    guard !isGone, !session.isClosing, !clients[index].isOdd, !clients[index].isDamaged else { return }
    let owed = clients[index].owed
    #expect(owed >= 0, "more replies than commands, \(words.generator) \(journal)")
    #expect(
      owed == 0 || session.isWaiting,
      "\(owed) commands of client \(session.id) unanswered, \(words.generator) \(journal)")
  }

  private func hear(_ reply: Reply, depth: Int) {
    switch reply {
    case .bulk(let bytes): words.hear(bytes)
    case .integer(let number): words.hear(Array("\(number)".utf8))
    case .array(let items), .set(let items):
      guard depth < 4, let item = items.randomElement(using: &words.generator) else { return }
      hear(item, depth: depth + 1)
    case .map(let pairs):
      guard depth < 4, let pair = pairs.randomElement(using: &words.generator) else { return }
      hear(words.generator.oneIn(2) ? pair.key : pair.value, depth: depth + 1)
    default: break
    }
  }

  /// The store is whole; and when everything is given up, nothing is left of it.
  func checkStore() throws {
    let history = engine.keyspace.history
    while !history.reclaim(limit: 10_000) {}
    for dataset in history.allDatasets {
      let violations = dataset.invariantViolations()
      #expect(violations.isEmpty, "\(violations.prefix(3)), \(words.generator) \(journal)")
    }
    let resident = ProcessMemory.residentSetSize()
    #expect(resident < 6 << 30, "\(resident) bytes, \(words.generator) \(journal)")
  }

  /// After a flush without a way back nothing may stay allocated but the bare dataset.
  func checkNothingLeaks() throws {
    for client in clients { engine.peerClosed(client.session) }
    clients = []
    server.work()
    settings.maxmemory = 0
    server.clock.advance(milliseconds: 100_000)
    server.cron()
    let history = engine.keyspace.history
    func dropAll() {
      for version in history.versions {
        for tag in version.holds { try? history.release(version.id, tag: tag) }
      }
      for version in history.versions { _ = try? history.drop([version.id]) }
      while !history.reclaim(limit: 10_000) {}
    }
    dropAll()
    engine.setDefaultPassword(nil)
    #expect(try server.ask("FLUSHALL", "SYNC") == .simple("OK"), "\(words.generator) \(journal)")
    dropAll()
    let left = history.allDatasets.reduce(0) { $0 + $1.arena.allocatedBytes }
    #expect(left < 1 << 20, "\(left) bytes are left of an empty dataset, \(words.generator) \(journal)")
  }

  // MARK: The world outside

  /// Time passes or not, memory gets short, the policy changes, another dataset goes live, a file is written.
  private func surprise() {
    server.clock.advance(milliseconds: [0, 1, 40, 5000, -2000].randomElement(using: &words.generator) ?? 0)
    if words.generator.oneIn(3) { server.work() }
    if situation == .shortOfMemory {
      settings.maxmemory = words.generator.oneIn(4) ? 0 : engine.usedMemory + Int.random(in: -9000...9000)
      settings.maxmemoryPolicy = EvictionPolicy.allCases.randomElement(using: &words.generator) ?? .noEviction
      settings.versionHistory = Int.random(in: 0...3, using: &words.generator)
    }
    if words.generator.oneIn(100) {
      let staged = Dataset(databases: settings.databases, lineage: Lineage.next())
      engine.keyspace.history.commit(
        staged, reason: "replicaof", atMilliseconds: Int64(server.clock.milliseconds))
      engine.keyspace.liveDatasetChanged()
    }
  }

  /// Some clients go, those that the server has closed among them.
  private func leave() {
    clients.removeAll { client in
      if engine.sessions[client.session.id] == nil { return true }
      guard words.generator.oneIn(client.isOdd ? 4 : 16) else { return false }
      if words.generator.oneIn(2) { engine.finish(client.session) }
      engine.peerClosed(client.session)
      return true
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
}
