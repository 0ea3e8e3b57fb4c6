internal import RESP
public import VersionedStore

/// Executing what a log of commands holds, when the server starts or for DEBUG LOADAOF.
///
/// The log says what has happened: rights, limits of memory, the role of the server and the time of day have no say in it.
/// Nothing expires before the log says so, nobody is told, and no version is taken on the way.
extension Engine {
  /// Why a command of a log was not executed.
  public enum ReplayRefusal: Error, Equatable {
    case unknownCommand
    case wrongArity(command: String)
    /// It is for a client, or for an operator, and no server writes it to a log.
    case notForLogs(command: String)
  }

  /// Sets the time where there is no tick: what a log holds is executed at a time, too.
  public func setReplayTime(microseconds: Int64) { setTime(microseconds: microseconds) }

  /// Begins to replay. Until `endReplay` is called only commands that say so are served to clients.
  public func beginReplay() -> Replay {
    handOverEffects()
    effects.isMuted = true
    let state = Replay(session: makeReplaySession(), leavesExpiryToPrimary: keyspace.leavesExpiryToPrimary)
    keyspace.leavesExpiryToPrimary = true
    keyspace.isReplaying = true
    return state
  }

  public func endReplay(_ replay: Replay) {
    keyspace.leavesExpiryToPrimary = replay.leavesExpiryToPrimary
    keyspace.isReplaying = false
    effects.isMuted = false
    if !keyspace.hot.value.aftermath.isEmpty { settle() }
  }

  /// Nobody is connected to it. As the primary's stream it has all rights, and for it nothing expires.
  private func makeReplaySession() -> Session {
    let session = makeScriptSession()
    session.isPrimary = true
    return session
  }

  /// Looks whether a command could be executed by `replay`.
  public func checkReplay(_ arguments: BytesList) throws(ReplayRefusal) {
    _ = try replayRecord(arguments)
  }

  /// Executes a command of a log. Returns the text of the error that it was answered with; nil for none.
  public func replay(_ arguments: BytesList, _ replay: Replay) throws(ReplayRefusal) -> String? {
    let record = try replayRecord(arguments)
    let session = replay.session
    let output = session.output
    var call = Call(
      arguments: arguments, first: 0, count: arguments.count, reply: ReplyWriter(output, session.version),
      session: session, keyspace: keyspace, command: record, now: keyspace.now, probe: -1)
    keyspace.hot.value.hasFreshProbes = false
    handle(record, &call, session)
    // For counting and for measuring it is no command. Whoever waits for keys is not served in the midst of what has
    // happened long ago.
    if !keyspace.expiredOnRead.isEmpty { keyspace.deleteExpiredOnRead() }
    let failure = output.count > 0 && output.bytes[0] == UInt8(ascii: "-") ? errorText(output.bytes) : nil
    output.truncate(to: 0)
    if output.capacity > Self.outputKept { output.shrink(to: 1024) }
    if failure != nil { statistics.unexpectedErrorReplies += 1 }
    return failure
  }

  private func errorText(_ reply: Bytes) -> String {
    String(decoding: reply.dropFirst().prefix { $0 != 13 }, as: UTF8.self)
  }

  /// Effects are written with the names that commands were declared with, and what clients sent with those that they have.
  private func replayRecord(_ arguments: BytesList) throws(ReplayRefusal) -> Fixed<CommandRecord> {
    guard arguments.count > 0, var record = commands.find(arguments[0]) ?? commands.findDeclared(arguments[0]) else {
      throw .unknownCommand
    }
    if record.value.hasSubcommands, arguments.count > 1 {
      guard let subcommand = record.value.subcommand(arguments[1]) else { throw .unknownCommand }
      record = subcommand
    }
    let value = record.value
    guard value.arity.admits(arguments.count) else { throw .wrongArity(command: value.fullName) }
    // What a script may call is safe without a client. Scripts and functions themselves are the others that logs hold, and
    // commands that do not wait here.
    let isSafe =
      !value.flags.contains(.noScript) || value.command.categories.contains(.scripting)
      || value.flags.isSuperset(of: [.write, .blocking])
    guard isSafe else { throw .notForLogs(command: value.fullName) }
    return record
  }
}

/// A replay that is under way.
public struct Replay {
  let session: Session
  let leavesExpiryToPrimary: Bool

  /// Every file of a log begins in the first database.
  public func selectFirstDatabase() { session.database = 0 }
}
