internal import RESP
internal import VersionedStore

/// What commands do, told to replicas and to the append-only log.
///
/// A command that changed the dataset is told as the client sent it, unless it says itself what it did: because it drew lots,
/// read the clock, or did only a part of what it was asked for. What one unit of execution did stays together: one command,
/// all that EXEC or a script runs, the answer to one client that waited, one key whose time has come. It is kept until the
/// unit is over and then written to the streams, so that what is taken back (`Engine.undoing`) is never told.
///
/// As long as no stream is open, a command pays for one test.
public final class Effects {
  /// What one unit has done so far.
  struct Unit {
    fileprivate struct Effect {
      let database: Int32
      let targets: EffectTargets
      /// Where it ends in `commands`.
      let end: Int
    }

    fileprivate var effects: ContiguousArray<Effect> = []
    fileprivate let commands = ByteQueue()

    /// For whom it stands between MULTI and EXEC, if it is more than one command.
    fileprivate(set) var bracketed = EffectTargets.all

    var isEmpty: Bool { effects.isEmpty }
    var byteCount: Int { commands.count }

    func count(for target: EffectTargets) -> Int {
      if effects.count == 1 { return effects[0].targets.contains(target) ? 1 : 0 }
      return effects.reduce(0) { $0 + ($1.targets.contains(target) ? 1 : 0) }
    }

    func forEach(for target: EffectTargets, _ body: (_ database: Int, Bytes) -> Void) {
      var begin = 0
      for effect in effects {
        if effect.targets.contains(target) { body(Int(effect.database), commands.bytes[begin..<effect.end]) }
        begin = effect.end
      }
    }

    fileprivate mutating func truncate(to count: Int) {
      effects.removeLast(effects.count - count)
      commands.truncate(to: effects.last?.end ?? 0)
    }

    fileprivate mutating func removeAll() {
      bracketed = .all
      effects.removeAll(keepingCapacity: effects.count <= 1024)
      commands.truncate(to: 0)
      if commands.capacity > 1 << 20 { commands.shrink(to: 1024) }
    }
  }

  /// What a command has said of its own effect.
  struct Command {
    /// Changes that were counted before it ran.
    var changes = 0
    /// How much the unit had told.
    var mark = 0
    var isReplaced = false
    var isForced: EffectTargets = []
  }

  public let replicas = EffectStream(.replicas)
  public let journal = EffectStream(.journal)
  private let hot: Fixed<HotState>
  private var unit = Unit()
  private var command = Command()
  /// Whom the running script tells of what it does (`redis.set_repl`).
  public var scriptTargets = EffectTargets.all
  /// What is done meanwhile is known to everybody already: a log is replayed.
  public var isMuted = false {
    didSet { updateInterest() }
  }
  /// Sessions that have told of something since effects were last handed over.
  private var tellers: ContiguousArray<Session> = []

  init(_ hot: Fixed<HotState>) {
    self.hot = hot
    for stream in [replicas, journal] {
      stream.onOpenChange = { [unowned self] in updateInterest() }
    }
  }

  deinit { unit.commands.deallocate() }

  /// Whether anybody is told. Where not, a command need not say what it did.
  public var isWanted: Bool { hot.value.tellsEffects }

  private func updateInterest() { hot.value.tellsEffects = (replicas.isOpen || journal.isOpen) && !isMuted }

  // MARK: What commands say

  /// The command itself is not told; what it adds is.
  public func replaceCommand() { command.isReplaced = true }

  /// The command is told as the client sent it, though it counted no change.
  public func tellCommand(_ targets: EffectTargets = .all) { command.isForced = targets }

  /// Adds a command of `count` arguments, which `write` writes, one bulk string each.
  ///
  /// - Parameter database: the one that it is for; -1 where that makes no difference.
  public func add(
    _ database: Int, count: Int, targets: EffectTargets = .all, _ write: (inout ReplyWriter) -> Void
  ) {
    guard isWanted else { return }
    var writer = ReplyWriter(unit.commands, .resp2)
    writer.arrayHeader(count)
    write(&writer)
    unit.effects.append(.init(database: Int32(database), targets: targets, end: unit.commands.count))
    hot.value.aftermath.insert(.effects)
  }

  /// What the present unit tells these need not stay together.
  func needsNoBrackets(_ targets: EffectTargets = .all) {
    guard isWanted else { return }
    unit.bracketed.subtract(targets)
    // A unit that tells of nothing has an end, too.
    hot.value.aftermath.insert(.effects)
  }

  // MARK: Units

  /// Writes to the streams what was told since the last unit. Only to be called when nothing is in progress.
  func endUnit() {
    hot.value.aftermath.remove(.effects)
    guard !unit.isEmpty else {
      unit.removeAll()
      return
    }
    replicas.write(unit)
    journal.write(unit)
    unit.removeAll()
  }

  /// Bytes that the present unit has told.
  var unitByteCount: Int { unit.byteCount }

  /// Whether the unit in progress has told of something that is in no stream yet.
  public var hasUnwritten: Bool { !unit.isEmpty }

  /// How much the present unit has told, to take back what comes from here on.
  var mark: Int { unit.effects.count }

  func takeBack(to mark: Int) { unit.truncate(to: mark) }

  // MARK: Around a command

  /// A command begins: what it says of its effect is its own. Returns what the one said around it.
  func begin() -> Command {
    let outer = command
    command = Command(changes: hot.value.changesSinceSave, mark: mark)
    return outer
  }

  /// Tells of a command that is over, if it changed anything.
  ///
  /// - Parameter caller: the client of the script that has called it; nil if none has. It is he who is answered.
  func end(
    _ call: borrowing Call, _ record: Fixed<CommandRecord>, _ nesting: Nesting, _ outer: Command, caller: Session?
  ) {
    let own = command
    command = outer
    let hasChanged = own.changes != hot.value.changesSinceSave
    let isTold = hasChanged && !own.isReplaced && record.value.isToldVerbatim
    var targets = isTold ? EffectTargets.all : own.isForced
    if nesting.contains(.script) { targets.formIntersection(scriptTargets) }
    if !targets.isEmpty {
      let arguments = call.arguments(from: 0)
      add(call.session.database, count: arguments.count, targets: targets) { writer in
        for index in 0..<arguments.count { writer.bulk(arguments[index]) }
      }
    }
    // What a command has added by itself may count as no change: that a field has expired, say.
    if hasChanged || !own.isForced.isEmpty || mark > own.mark {
      let session = call.session
      noteTeller(caller ?? session)
    }
  }

  // MARK: Who wrote

  /// Notes that `session` has to know up to where its writes have come.
  func noteTeller(_ session: Session) {
    guard !session.hasTold else { return }
    session.hasTold = true
    tellers.append(session)
  }

  /// Gives the streams to their takers.
  func handOver() {
    for session in tellers {
      session.hasTold = false
      session.writtenReplicas = replicas.end
      session.writtenJournal = journal.end
    }
    tellers.removeAll(keepingCapacity: true)
    replicas.handOver()
    journal.handOver()
  }
}

extension CommandRecord {
  /// Commands that act on the server tell what they did by themselves; of a script, what it calls is told.
  fileprivate var isToldVerbatim: Bool {
    switch command.handler {
    case .write: true
    case .control: flags.contains(.write) && !command.categories.contains(.scripting)
    case .read, .container: false
    }
  }
}
