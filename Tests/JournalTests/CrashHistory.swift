import Engine
import Journal
import RESP
import TestSupport
import Testing

/// What clients and the disk did to a log, and what a crash at each moment of that would leave.
final class CrashHistory {
  /// What a moment would leave.
  struct Moment: Hashable {
    let files: [String: [UInt8]]
    /// Events that are there in any case.
    let promised: Int
    /// Events that there have been: no more can be there.
    let executed: Int
  }

  enum Event {
    /// A unit of two commands in this database.
    case unit(Int)
    /// Another dataset has taken the place of the live one.
    case replacement
  }

  var generator: SeededGenerator
  let harness: JournalHarness
  private(set) var events: [Event] = []
  private(set) var moments: Set<Moment> = []
  /// Leaves the moments before the operation that fails out: they are those of a history in which another one does.
  var isOfOneFailure = false
  private let clients = 3
  /// By client, how many events there were with each unit that it waits to be told of.
  private var unanswered: [Int: [Int]] = [:]
  /// The same of the latest unit that a client was told of. One may be told of a later unit before another is of an earlier.
  private var acknowledged = 0

  init(_ sync: AppendSync, _ generator: SeededGenerator) throws {
    self.generator = generator
    harness = try JournalHarness(sync)
    harness.disk.onOperation = { [unowned self] in note() }
  }

  // MARK: Steps

  /// Something at random, but that nothing breaks.
  func step() throws {
    switch Int.random(in: 0..<17, using: &generator) {
    case 0..<8: try write()
    case 8..<11: harness.disk.perform(.sync)
    case 11..<14: harness.disk.tell(.sync)
    case 14: harness.disk.run(.rewrite)
    default: harness.pass(milliseconds: 100)
    }
    try settle()
  }

  /// What takes long goes on.
  func work() throws {
    for lane in DiskLane.allCases { harness.disk.run(lane) }
    try settle()
  }

  func rewrite() throws {
    harness.send("BGREWRITEAOF", from: 50)
    try settle()
  }

  func replace() throws {
    events.append(.replacement)
    try harness.replaceDataset(n: replacements * 1000)
    try settle()
  }

  func breakOrHeal() throws {
    let disk = harness.disk
    switch Int.random(in: 0..<12, using: &generator) {
    case 0:
      let used = disk.files(.all).values.reduce(0) { $0 + $1.count }
      disk.capacity = used + Int.random(in: 0..<200, using: &generator)
    case 1: disk.isSyncBroken = true
    case 2: disk.isDirectorySyncBroken = true
    case 3: disk.isRenameBroken = true
    case 4: disk.isTruncateBroken = true
    case 5: disk.longestWrite = Int.random(in: 12..<60, using: &generator)
    case 6, 7: disk.failsIn = Int.random(in: 0..<20, using: &generator)
    default: disk.heal()
    }
    try settle()
  }

  private func write() throws {
    let database = JournalHarness.databases.randomElement(using: &generator)!
    let client = Int.random(in: 0..<clients, using: &generator)
    let before = harness.counts
    // Counted first: the operations that it leads to may find it on the disk.
    events.append(.unit(database))
    harness.send(JournalHarness.unit(database), from: client)
    if harness.counts == before { events.removeLast() } else { unanswered[client, default: []].append(events.count) }
  }

  /// A step is over.
  private func settle() throws {
    try countReplies()
    note()
  }

  private func countReplies() throws {
    for client in 0..<clients {
      for case .array(let replies) in try harness.received(client) where replies.count == 2 {
        guard case .integer = replies[0], unanswered[client]?.isEmpty == false else { continue }
        acknowledged = max(acknowledged, unanswered[client]!.removeFirst())
      }
    }
  }

  private func note() {
    if isOfOneFailure, harness.disk.failsIn != nil { return }
    let promised = self.promised
    for remains in FaultyDisk.Remains.allCases {
      moments.insert(Moment(files: harness.disk.files(remains), promised: promised, executed: events.count))
    }
  }

  /// Under `everysec` a second may be lost, but no dataset in which somebody was told of a unit.
  private var promised: Int {
    switch harness.settings.appendSync {
    case .always: acknowledged
    case .everySecond:
      (events.prefix(acknowledged).lastIndex { if case .replacement = $0 { true } else { false } } ?? -1) + 1
    case .never: 0
    }
  }

  // MARK: What was there

  private var replacements: Int { events.count { if case .replacement = $0 { true } else { false } } }

  /// What the server had after so many events.
  func counts(after count: Int) -> JournalHarness.Counts {
    let none = JournalHarness.databases.map { _ in 0 }
    var counts = JournalHarness.Counts(n: none, l: none)
    var replacements = 0
    for event in events.prefix(count) {
      switch event {
      case .replacement:
        replacements += 1
        counts = .init(n: none.map { _ in 1000 * replacements }, l: none)
      case .unit(let database):
        let index = JournalHarness.databases.firstIndex(of: database)!
        counts.n[index] += 1
        counts.l[index] += 1
      }
    }
    return counts
  }

  /// Looks at all moments. Every so often a server goes on from there.
  func verify(restarting interval: Int) throws {
    let settings = Settings()
    settings.appendFilename = "log"
    let loading = LoadingHarness(settings)
    var loaded: [[String: [UInt8]]: JournalHarness.Counts] = [:]
    var states: [JournalHarness.Counts: Int] = [:]
    for count in 0...events.count { states[counts(after: count)] = count }
    for (number, moment) in moments.enumerated() {
      #expect(moment.files["log.manifest"] != nil, "\(generator)")
      let counts = try loaded[moment.files] ?? JournalHarness.load(moment.files, with: loading)
      loaded[moment.files] = counts
      let count = try #require(states[counts], "\(generator): \(counts) was never there; \(events)")
      #expect(
        (moment.promised...moment.executed).contains(count),
        "\(generator): \(count) of \(moment.promised) to \(moment.executed)")
      if number % interval == 0 { try goOn(from: moment, counts) }
    }
  }

  /// A server starts with what there is, and finds that again with what it has done itself.
  private func goOn(from moment: Moment, _ counts: JournalHarness.Counts) throws {
    let harness = try JournalHarness.restart(moment.files, harness.settings.appendSync)
    #expect(harness.counts == counts, "\(generator)")
    harness.send(JournalHarness.unit(3))
    harness.passAll(milliseconds: 2200)
    #expect(harness.counts.l == [counts.l[0], counts.l[1] + 1], "\(generator)")
    let remains: [FaultyDisk.Remains] = harness.settings.appendSync == .never ? [.all] : [.all, .least]
    for remains in remains {
      #expect(try JournalHarness.load(harness.disk.files(remains)) == harness.counts, "\(generator) \(harness.log)")
    }
  }

  /// When the disk has been well for a while, writes are accepted, and all that was ever done is on it.
  ///
  /// - Parameter minutes: for so long. A rewrite that has failed again and again is not tried for up to an hour.
  func end(minutes: Int = 130) throws {
    // The moments of this would be many, and nobody looks at them.
    harness.disk.onOperation = {}
    harness.disk.heal()
    harness.passAll(milliseconds: 3000)
    for _ in 0..<minutes { harness.leap(milliseconds: 60_000) }
    try countReplies()
    #expect(try harness.ask("PING", from: 50) == .simple("PONG"), "\(generator)")
    let waiting = unanswered.values.reduce(0) { $0 + $1.count }
    #expect(waiting == 0, "\(generator)")
    #expect(harness.counts == counts(after: events.count), "\(generator)")
    let remains: [FaultyDisk.Remains] =
      harness.settings.appendSync == .never ? [.all] : FaultyDisk.Remains.allCases
    for remains in remains {
      let counts = try JournalHarness.load(harness.disk.files(remains))
      #expect(counts == harness.counts, "\(generator) \(remains)")
    }
    // A base that could not be removed is there until then.
    harness.send("BGREWRITEAOF", from: 50)
    harness.passAll(milliseconds: 3000)
    #expect(harness.disk.openCount == 1, "\(generator)")
    #expect(harness.disk.names.filter { $0.hasPrefix("temp-") } == [], "\(generator)")
  }
}
