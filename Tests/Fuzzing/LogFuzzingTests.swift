import Foundation
import Journal
import RESP
import Snapshots
import TestSupport
import Testing
import Values

@testable import Engine
@testable import VersionedStore

/// Append-only logs: whatever is in one, the server lives and its store stays whole; and the one that the engine tells brings
/// the dataset back.
@Suite struct LogFuzzingTests {
  private static let commandCount =
    ProcessInfo.processInfo.environment["CAMBIUM_FUZZ_COMMANDS"].flatMap { Int($0) } ?? 5000

  /// What a log is executed by.
  private struct Replayer: JournalSink {
    let server: FuzzServer
    let replay: Replay
    var loader: DatasetLoader?
    var executed = 0
    var errors: [String] = []

    init(_ server: FuzzServer) {
      self.server = server
      replay = server.engine.beginReplay()
    }

    var snapshot: DatasetLoader {
      get { loader! }
      _modify { yield &loader! }
    }

    mutating func beginSnapshot() {
      var form = DatasetLoader.Form(server.engine.keyspace)
      form.dropsExpired = false
      loader = DatasetLoader(form, nowMilliseconds: server.engine.keyspace.now)
    }

    mutating func endSnapshot() {
      guard let dataset = loader.take()?.dataset else { return }
      server.engine.keyspace.history.replaceLive(with: dataset)
      server.engine.keyspace.liveDatasetChanged()
    }

    mutating func check(_ arguments: BytesList) throws(JournalFailure) {
      do throws(Engine.ReplayRefusal) { try server.engine.checkReplay(arguments) } catch { throw Self.failure(error) }
    }

    mutating func execute(_ arguments: BytesList) throws(JournalFailure) {
      executed += 1
      do throws(Engine.ReplayRefusal) {
        if let error = try server.engine.replay(arguments, replay), errors.count < 5 {
          let words = (0..<arguments.count).map { String(decoding: arguments[$0].prefix(80), as: UTF8.self) }
          errors.append("\(error) after \(words)")
        }
      } catch {
        throw Self.failure(error)
      }
    }

    private static func failure(_ refusal: Engine.ReplayRefusal) -> JournalFailure {
      .refused(name: "\(refusal)", reason: "")
    }
  }

  private func settings() -> Settings {
    let settings = Settings()
    settings.protoMaxBulkLen = 1 << 20
    settings.enableDebugCommand = .yes
    return settings
  }

  private func words(_ server: FuzzServer, _ generator: SeededGenerator) throws -> FuzzWords {
    FuzzWords(CommandGrammar(try server.ask("COMMAND", "DOCS") ?? .null), generator)
  }

  private func checkStore(_ server: FuzzServer, _ generator: SeededGenerator) {
    let history = server.engine.keyspace.history
    while !history.reclaim(limit: 10_000) {}
    for dataset in history.allDatasets {
      let violations = dataset.invariantViolations()
      #expect(violations.isEmpty, "\(violations.prefix(3)), \(generator)")
    }
  }

  /// Logs of whatever commands, in and out of transactions, with bytes of them changed.
  @Test func anyLogs() throws {
    let generator = SeededGenerator()
    print("fuzzing logs: \(Self.commandCount) commands, \(generator)")
    var server = FuzzServer(settings())
    var words = try words(server, generator)
    var (done, executed, failures) = (0, 0, 0)
    while done < Self.commandCount {
      if words.generator.oneIn(10) { server = FuzzServer(settings()) }
      server.tick()
      var log: [UInt8] = []
      if words.generator.oneIn(5) { try snapshot(server.engine) { log += $0 } }
      var isInTransaction = false
      for _ in 0..<Int.random(in: 1...60, using: &words.generator) {
        done += 1
        log.command(words.command())
        guard words.generator.oneIn(8) else { continue }
        log.command([Array((isInTransaction ? "EXEC" : "MULTI").utf8)])
        isInTransaction.toggle()
        if words.generator.oneIn(3) { log += Array("#TS:1700000000\r\n".utf8) }
      }
      if words.generator.oneIn(2) { damage(&log, &words.generator) }
      var reader = JournalReader()
      var sink = Replayer(server)
      do throws(JournalFailure) {
        for piece in words.generator.pieces(of: log) {
          try Array(piece).withBytes { bytes throws(JournalFailure) in try reader.receive(bytes, into: &sink) }
        }
        try reader.finish(into: &sink)
      } catch {
        failures += 1
      }
      server.engine.endReplay(sink.replay)
      executed += sink.executed
      #expect(reader.wholeOffset <= reader.byteOffset && reader.byteOffset <= log.count, "\(generator)")
      server.tick()
      checkStore(server, generator)
    }
    #expect(executed > 0 && failures > 0)
  }

  private func damage(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
    for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
      let index = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<5, using: &generator) {
      case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
      case 1: bytes.remove(at: index)
      case 2: bytes.insert(contentsOf: Array("\r\n*-1$9999999999#".utf8).prefix(1 + index % 15), at: index)
      case 3: bytes.removeSubrange(index..<bytes.count)
      default: bytes.removeSubrange(index..<min(bytes.count, index + 5))
      }
    }
  }

  private func snapshot(_ engine: Engine, _ take: (Bytes) -> Void) throws {
    let pin = engine.keyspace.history.pinLive(atMilliseconds: engine.keyspace.now)
    defer { engine.keyspace.history.unpin(pin) }
    var content = SnapshotContent(root: pin.root)
    content.functionLibraries = engine.keyspace.live.attachments
    content.mayHaveExpiringFields = engine.keyspace.live.hasHadInnerExpiry
    try SnapshotWriter.write(
      content, SnapshotOptions(engine.settings, now: engine.keyspace.now), progress: SnapshotProgress(), keyWritten: nil
    ) { bytes throws(SnapshotWriteFailure) in take(bytes) }
  }

  /// What the engine tells of a server's life makes the same dataset, from a snapshot taken at any moment on.
  @Test func theLogBringsTheDatasetBack() throws {
    let generator = SeededGenerator()
    print("fuzzing what is told: \(Self.commandCount) commands, \(generator)")
    var done = 0
    while done < Self.commandCount {
      let server = FuzzServer(settings())
      var words = try words(server, SeededGenerator(seed: generator.seed &+ UInt64(done)))
      let engine = server.engine
      let client = server.open()
      var log: [UInt8] = []
      engine.effects.journal.take = { log += Array($0) }
      var base: [UInt8] = []
      let start = Int.random(in: 0..<200, using: &words.generator)
      for number in 0..<400 {
        if number == start {
          base = []
          try snapshot(engine) { base += Array($0) }
          engine.effects.journal.isOpen = true
        }
        done += 1
        let command = words.command()
        // Another dataset is not told of in commands, and a client that reads the past, or nothing, writes nothing. A script
        // may say that nobody is told.
        if Self.isLeftOut(command) { continue }
        var request: [UInt8] = []
        request.command(command)
        guard engine.sessions[client.id] != nil, !client.isWaiting else { break }
        server.receive(request, from: client)
        server.tick()
        _ = server.takeOutput(client)
        server.clock.advance(milliseconds: [0, 0, 1, 40, 700].randomElement(using: &words.generator) ?? 0)
        if words.generator.oneIn(10) { server.cron() }
      }
      guard engine.effects.journal.isOpen else { continue }
      server.tick()
      server.cron()
      engine.handOverEffects()
      let other = FuzzServer(settings())
      other.clock = server.clock
      other.tick()
      var reader = JournalReader()
      var sink = Replayer(other)
      var failure: JournalFailure?
      do throws(JournalFailure) {
        try (base + log).withBytes { bytes throws(JournalFailure) in try reader.receive(bytes, into: &sink) }
        try reader.finish(into: &sink)
      } catch {
        failure = error
      }
      other.engine.endReplay(sink.replay)
      let seed = "CAMBIUM_SEED=\(words.generator.seed)"
      #expect(failure == nil, "\(seed)")
      #expect(sink.errors.isEmpty, "\(seed) \(sink.errors)")
      let difference = Self.difference(engine, other.engine)
      #expect(difference.isEmpty, "\(seed) \(difference)")
    }
  }

  private static func isLeftOut(_ command: [[UInt8]]) -> Bool {
    let words = command.prefix(2).map { String(decoding: $0, as: UTF8.self).lowercased() }
    guard let name = words.first else { return true }
    if command.contains(where: { String(decoding: $0, as: UTF8.self).contains("set_repl") }) { return true }
    return ["version", "quit", "reset", "monitor", "migrate", "shutdown", "replicaof", "slaveof"].contains(name)
      || name.hasSuffix("subscribe") || name.hasPrefix("bl") || name.hasPrefix("br") || name.hasPrefix("bz")
      || name == "debug" && words.last == "reload"
  }

  /// Keys that differ, by name.
  private static func difference(_ first: Engine, _ second: Engine) -> [String] {
    func digests(_ engine: Engine) -> [String: String] {
      var all: [String: String] = [:]
      let head = engine.keyspace.live.head
      for database in 0..<engine.keyspace.live.databaseCount {
        head.forEach(database) { entry in
          let name = "\(database) \(String(decoding: entry.key.prefix(60), as: UTF8.self).debugDescription)"
          all[name] = "\(entry.type) \(entry.expiry ?? -1) \(DatasetDigest.text(DatasetDigest.digest(of: entry)))"
          return true
        }
      }
      return all
    }
    let (one, two) = (digests(first), digests(second))
    let differing = Set(one.keys).union(two.keys).filter { one[$0] != two[$0] }.sorted()
    return differing.prefix(5).map { "\($0): \(one[$0] ?? "missing"), told \(two[$0] ?? "missing")" }
  }
}
