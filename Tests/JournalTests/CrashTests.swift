import Engine
import Journal
import RESP
import TestSupport
import Testing

/// A crash at every moment of random histories, with a disk on which this and that goes wrong.
///
/// At each operation of the disk, for each state that a crash may leave it in:
/// - the log can be loaded, and what is loaded is what the server had after some number of whole units: no half of one, none
///   twice, none left out;
/// - under `appendfsync always`, every unit that a client was told of is among them;
/// - if only the process has ended, every unit that was in a file is.
/// And when the disk has been well for a while, writes are accepted, and all that was ever done is on it.
@Suite struct CrashTests {
  /// What a moment of a history would leave.
  private struct Moment: Hashable {
    let files: [String: [UInt8]]
    /// Units that clients were told of, at least so many are there.
    let acknowledged: Int
    /// Units that were executed: no more can be there.
    let executed: Int
  }

  private final class History {
    var generator: SeededGenerator
    let harness: JournalHarness
    /// The database of each unit that was executed.
    var units: [Int] = []
    var acknowledged = 0
    var moments: Set<Moment> = []
    private let clients = 3

    init(_ sync: AppendSync, seed: UInt64) throws {
      generator = SeededGenerator(seed: seed)
      harness = try JournalHarness(sync)
      harness.disk.onOperation = { [unowned self] in note() }
    }

    private func note() {
      let isPromised = harness.settings.appendSync == .always
      for remains in FaultyDisk.Remains.allCases {
        moments.insert(
          Moment(
            files: harness.disk.files(remains), acknowledged: isPromised ? acknowledged : 0, executed: units.count))
      }
    }

    func step() throws {
      switch Int.random(in: 0..<20, using: &generator) {
      case 0..<8: try write()
      case 8..<11: harness.disk.perform(.sync)
      case 11..<14: harness.disk.tell(.sync)
      case 14: harness.disk.run(.rewrite)
      case 15..<17: harness.pass(milliseconds: 100)
      case 17: if generator.oneIn(2) { harness.send("BGREWRITEAOF", from: 50) }
      case 18: if generator.oneIn(6) { harness.engine.datasetWasReplaced() }
      default: breakOrHeal()
      }
      try countReplies()
      note()
    }

    private func breakOrHeal() {
      let disk = harness.disk
      switch Int.random(in: 0..<10, using: &generator) {
      case 0:
        let used = disk.files(.all).values.reduce(0) { $0 + $1.count }
        disk.capacity = used + Int.random(in: 0..<200, using: &generator)
      case 1: disk.isSyncBroken = true
      case 2: disk.isDirectorySyncBroken = true
      case 3: disk.isRenameBroken = true
      case 4: disk.isTruncateBroken = true
      case 5: disk.longestWrite = Int.random(in: 1..<60, using: &generator)
      default: disk.heal()
      }
    }

    private func write() throws {
      let database = JournalHarness.databases.randomElement(using: &generator)!
      let client = Int.random(in: 0..<clients, using: &generator)
      let before = harness.counts
      // Counted first: the operations that it leads to may find it on the disk.
      units.append(database)
      harness.send(JournalHarness.unit(database), from: client)
      if harness.counts == before { units.removeLast() } else { unanswered[client, default: []].append(units.count) }
    }

    /// The numbers of the units that each client waits to be told of.
    private var unanswered: [Int: [Int]] = [:]
    /// Those that clients were told of. One may be told of a later unit before another is of an earlier.
    private var told: Set<Int> = []

    private func countReplies() throws {
      for client in 0..<clients {
        for case .array(let replies) in try harness.received(client) where replies.count == 2 {
          guard case .integer = replies[0], unanswered[client]?.isEmpty == false else { continue }
          told.insert(unanswered[client]!.removeFirst())
        }
      }
      acknowledged = told.max() ?? 0
    }

    /// What the server had after so many units.
    func counts(after count: Int) -> JournalHarness.Counts {
      let numbers = JournalHarness.databases.map { database in units.prefix(count).count { $0 == database } }
      return .init(n: numbers, l: numbers)
    }

    func end() throws {
      harness.disk.heal()
      harness.passAll(milliseconds: 3000)
      // A rewrite that has failed again and again is not tried for up to an hour.
      for _ in 0..<130 { harness.leap(milliseconds: 60_000) }
      try countReplies()
    }

    var isAllAnswered: Bool { unanswered.values.allSatisfy(\.isEmpty) }
  }

  @Test(arguments: [AppendSync.always, .everySecond, .never], 0..<6)
  func nothingThatWasPromisedIsLost(_ sync: AppendSync, _ round: Int) throws {
    let history = try History(sync, seed: SeededGenerator().seed &+ UInt64(round))
    let seed = history.generator
    for _ in 0..<120 { try history.step() }
    var states: [JournalHarness.Counts: Int] = [:]
    for count in 0...history.units.count { states[history.counts(after: count)] = count }
    var loaded: [[String: [UInt8]]: JournalHarness.Counts] = [:]
    for moment in history.moments where moment.files["log.manifest"] != nil {
      let counts: JournalHarness.Counts
      do {
        counts = try loaded[moment.files] ?? JournalHarness.load(moment.files)
      } catch {
        Issue.record("\(seed): \(error)")
        return
      }
      loaded[moment.files] = counts
      guard let count = states[counts] else {
        Issue.record("\(seed): \(counts) was never there; \(history.units)")
        return
      }
      #expect(
        (moment.acknowledged...moment.executed).contains(count),
        "\(seed): \(count) of \(moment.acknowledged) to \(moment.executed)")
    }
    try history.end()
    #expect(try history.harness.ask("PING", from: 50) == .simple("PONG"), "\(seed)")
    #expect(history.isAllAnswered, "\(seed)")
    #expect(history.harness.counts == history.counts(after: history.units.count), "\(seed)")
    let remains: [FaultyDisk.Remains] = sync == .never ? [.all] : FaultyDisk.Remains.allCases
    for remains in remains {
      let counts = try JournalHarness.load(history.harness.disk.files(remains))
      #expect(counts == history.harness.counts, "\(seed) \(remains)")
    }
    #expect(history.harness.disk.openCount == 1, "\(seed)")
    #expect(history.harness.disk.names.filter { $0.hasPrefix("temp-") } == [], "\(seed)")
  }
}
