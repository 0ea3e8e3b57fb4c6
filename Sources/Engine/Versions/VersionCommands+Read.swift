internal import RESP
internal import Values
internal import VersionedStore

/// VERSION READ, USE and RESTORE: what an old version held, without going back to it.
///
/// A version is read as it was: the clock of the reader stands at the time when it was created, so that a key is there if
/// it had not expired then. What is restored has to live in the present: a key that has expired since stays away.
extension VersionCommands {
  static let read = Command(
    "read", arity: .atLeast(4), flags: [.readOnly], group: .version, since: "1.0.0",
    complexity: "That of the command.",
    "Runs a command that only reads, on a version.",
    .control { call, engine throws(CommandError) in
      let version = try call.versionOrLive(2)
      var inner = try call.readCommand(at: 3, engine.commands, now: version?.createdMilliseconds ?? call.now)
      guard case .read(let handler) = inner.command.value.command.handler else {
        throw call.refuse("ERR '\(inner.command.value.fullName)' is not a command that only reads keys")
      }
      // What may not be read of the present may not be read of the past.
      let context: AccessContext = engine.nesting.contains(.transaction) ? .exec : .toplevel
      if let refusal = engine.accessRefusal(call.session, inner.command, inner.arguments(from: 0), context) {
        inner.command.value.statistics.rejected += 1
        throw call.refuse(refusal)
      }
      inner.command.value.statistics.calls += 1
      do throws(CommandError) {
        try handler(&inner, engine.view(of: version, for: call.session))
      } catch {
        inner.command.value.statistics.failed += 1
        throw error
      }
    })

  static let use = Command(
    "use", arity: .exactly(3), flags: [.readOnly, .fast, .noScript], group: .version, since: "1.0.0",
    "Has this connection read a version until USE LIVE or RESET.",
    .control { call, engine throws(CommandError) in
      // A script reads what its caller reads, by the caller's claim on the version.
      if engine.nesting.contains(.script) { throw call.refuse("ERR VERSION USE is not allowed from script") }
      let version = try call.versionOrLive(2)
      engine.readLive(call.session)
      // The version was found a moment ago, so that a pin is not refused.
      call.session.reading = version.flatMap { try? engine.keyspace.history.pin($0.id) }
      call.reply.ok()
    })

  static let restore = Command(
    "restore", arity: .atLeast(4), flags: [.write, .denyOOM, .admin],
    keys: [.all([.overwrite, .access, .update], from: 3)], group: .version, since: "1.0.0",
    complexity: "O(N) with N keys, and the length of what they hold.",
    "Copies keys of a version into the live dataset.",
    .control { call, engine throws(CommandError) in
      let version = try call.version(2)
      let view = engine.view(of: version, for: call.session)
      let edit = engine.edit(for: call.session)
      var (count, isTold) = (0, true)
      for index in 3..<call.count {
        let key = call.key(index)
        guard let entry = view.find(key) else { continue }
        guard entry.isAlive(at: call.now) else { continue }
        let isNew = edit.find(key, quietly: true) == nil
        edit.copy(entry, to: key, expiry: entry.expiry)
        if isNew { edit.created(key) }
        edit.changed(key, .generic("restore"))
        count += 1
        if edit.tellsEffects, !engine.tell(entry, in: edit.database) { isTold = false }
      }
      engine.effects.replaceCommand()
      if !isTold { engine.abandonEffects() }
      call.reply.integer(count)
    })
}

extension Entry {
  /// Whether the key and, of a hash, at least one field have not expired at `now`.
  fileprivate func isAlive(at now: Int64) -> Bool {
    if hasExpired(now) { return false }
    guard type == .hash, let collection, collection.expiringCount == collection.count else { return true }
    var isAlive = false
    collection.forEach { field in
      isAlive = !field.hasExpired(now)
      return !isAlive
    }
    return isAlive
  }
}

extension Call {
  /// The command that stands in this one's arguments from `index` on, to be run on a view whose clock says `now`.
  fileprivate mutating func readCommand(
    at index: Int, _ commands: CommandTable, now: Int64
  ) throws(CommandError) -> Call {
    guard let record = commands.find(self[index], subcommand: index + 1 < count ? self[index + 1] : nil) else {
      throw refuse(
        commands.find(self[index]) == nil
          ? UnknownCommand.text(arguments, first: first + index, count: count - index)
          : UnknownCommand.text(subcommand: self[index + 1], of: self[index]))
    }
    guard record.value.arity.admits(count - index) else {
      throw refuse("ERR wrong number of arguments for '\(record.value.fullName)' command")
    }
    return call(at: index, record, now: now)
  }

  private func call(at index: Int, _ record: Fixed<CommandRecord>, now: Int64) -> Call {
    Call(
      arguments: arguments, first: first + index, count: count - index, reply: reply, session: session,
      keyspace: keyspace, command: record, now: now, probe: -1)
  }
}

extension Engine {
  /// What a reader of `version` sees in the database that `session` has selected; nil means the live dataset.
  func view(of version: Version?, for session: Session) -> ReadView {
    guard let version else {
      return ReadView(
        keyspace, root: keyspace.live.head, database: session.database, now: keyspace.now, isLive: true,
        touches: session.touchesKeys)
    }
    return ReadView(
      keyspace, root: keyspace.history.root(of: version), database: session.database,
      now: version.createdMilliseconds, isLive: false)
  }

  /// Ends VERSION USE: the session reads the live dataset again.
  func readLive(_ session: Session) {
    guard let pin = session.reading else { return }
    session.reading = nil
    keyspace.history.unpin(pin)
  }
}
