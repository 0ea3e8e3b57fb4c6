internal import RESP
public import VersionedStore

/// Scripts: what is around one, and the commands that it calls.
extension Engine {
  /// A session that scripts run their commands in: nobody is connected, and the output is for the script to read.
  public func makeScriptSession() -> Session {
    Session(
      id: 0, peer: PeerAddress(remote: "", local: "", isUnixSocket: false, isLoopback: true, fileDescriptor: -1),
      user: users.defaultUser, now: keyspace.now)
  }

  /// The flags of a command; of one that runs a script, as far as the script has not said otherwise.
  func effectiveFlags(of record: Fixed<CommandRecord>, _ call: borrowing Call) -> CommandFlags {
    let flags = record.value.flags
    guard flags.contains(.movableKeys), record.value.command.categories.contains(.scripting) else { return flags }
    let declared = declaredFlags(call)
    if declared.contains(.undeclared) { return flags }
    return flags.subtracting([.mayReplicate, .stale]).union(declared.commandFlags)
  }

  /// Why a script or function that declares what it does may not run now; nil if it may. The texts are Redis's: for EVAL
  /// itself, or for one that was queued and let in then.
  public func refusal(
    ofScript flags: ScriptFlags, isReadOnlyCommand: Bool, from caller: Session
  ) -> String? {
    let isStale = attention.contains(.stale) && !caller.isPrimary
    if flags.contains(.undeclared) { return isStale ? "\(Self.staleText)" : nil }
    if isStale, !flags.contains(.allowStale) {
      return
        "MASTERDOWN Link with MASTER is down, replica-serve-stale-data is set to 'no' and 'allow-stale' flag is not set on the script."
    }
    let isQueued = nesting.contains(.transaction)
    if !flags.contains(.noWrites) {
      if isReplica, settings.replicaReadOnly, !caller.isPrimary {
        return isQueued
          ? "READONLY Can not run script with write flag on readonly replica"
          : "READONLY You can't write against a read only replica."
      }
      if caller.reading != nil { return "\(CommandError.notPermittedAtVersion.text)" }
      if let text = persistence.writeRefusal, !caller.isPrimary {
        guard isQueued else { return wording(text) }
        return persistence.isLogAtFault
          ? wording(PersistenceState.logFailureOfScript)
          : "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Writable scripts are blocked. Use 'no-writes' flag for read only scripts."
      }
      if isReadOnlyCommand { return "ERR Can not execute a script with write flag using *_ro command." }
      if attention.contains(.fewReplicas) { return "\(Self.tooFewReplicas)" }
    }
    if flags.isDisjoint(with: [.allowOOM, .noWrites]), settings.maxmemory > 0, !caller.isPrimary, !makeRoom() {
      return isQueued
        ? "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'"
        : "\(CommandError.outOfMemory.text)"
    }
    return nil
  }

  /// Runs `body`, which runs a script, answers its caller, and tells whether it answered with something other than an
  /// error. Within it `callFromScript` may be called. With `transaction-rollback`, a script that fails leaves no trace.
  public func runScript(
    _ kind: ScriptRun.Kind, _ name: String, _ flags: ScriptFlags, isReadOnlyCommand: Bool, call: borrowing Call,
    in session: Session, _ body: () -> Bool
  ) {
    let caller = call.session
    session.database = caller.database
    session.version = .resp2
    session.user = caller.user
    session.reading = caller.reading
    session.isPrimary = caller.isPrimary
    session.touchesKeys = caller.touchesKeys
    let isReadOnly = isReadOnlyCommand || flags.contains(.noWrites)
    script = ScriptRun(
      kind: kind, name: name, isReadOnly: isReadOnly,
      allowsOOM: !flags.contains(.undeclared) && flags.contains(.allowOOM), caller: Borrowed(caller),
      session: Borrowed(session), command: (call.arguments, call.first, call.count), began: monotonicNanoseconds(),
      beganShort: settings.maxmemory > 0 && !makeRoom())
    nesting.insert(.script)
    effects.scriptTargets = .all
    if settings.transactionRollback, !isReadOnly, caller.reading == nil, !nesting.contains(.transaction) {
      undoing(body)
    } else {
      _ = body()
    }
    nesting.remove(.script)
    effects.scriptTargets = .all
    if script?.isOverdue == true { endBusyness() }
    script = nil
    session.reading = nil
  }

  /// Runs a command for the script that is running, and writes its reply to the script's session.
  public func callFromScript(_ arguments: BytesList, count: Int, in session: Session) {
    guard let record = commands.find(arguments, count: count) else {
      return refuseCall(nil, session, "ERR Unknown Redis command called from script")
    }
    let flags = record.value.flags
    guard record.value.arity.admits(count) else {
      return refuseCall(record, session, "ERR Wrong number of args calling Redis command from script")
    }
    // Of what concerns scripts themselves nothing may be called, whatever a test asks for: the interpreter is at work.
    if flags.contains(.noScript), !letsScriptsCallAll || record.value.command.categories.contains(.scripting) {
      return refuseCall(record, session, "ERR This Redis command is not allowed from script")
    }
    if attention.contains(.stale), !session.isPrimary, !flags.contains(.stale) {
      return refuseCall(record, session, "ERR Can not execute the command on a stale replica")
    }
    let own = CommandArguments(arguments, count: count)
    if let refusal = accessRefusal(session, record, own, .script, client: script?.caller.object) {
      return refuseCall(record, session, refusal)
    }
    if !flags.isDisjoint(with: [.write, .denyOOM, .mayReplicate]), let text = refusalOfCall(flags, session) {
      return refuseCall(record, session, text)
    }
    if flags.contains(.write) { script?.hasWritten = true }
    perform(record, arguments, first: 0, count: count, in: session)
  }

  /// Why the running script may not call a command that writes. What it has begun it may finish.
  private func refusalOfCall(_ flags: CommandFlags, _ session: Session) -> StaticString? {
    guard let script else { return nil }
    if script.isReadOnly, !flags.isDisjoint(with: [.write, .mayReplicate]) {
      return "ERR Write commands are not allowed from read-only scripts."
    }
    if flags.contains(.write), session.reading != nil { return CommandError.notPermittedAtVersion.text }
    guard !script.hasWritten else { return nil }
    if flags.contains(.write) {
      if isReplica, settings.replicaReadOnly, !session.isPrimary {
        return "READONLY You can't write against a read only replica."
      }
      if let text = persistence.writeRefusal, !session.isPrimary { return text }
      if attention.contains(.fewReplicas) { return Self.tooFewReplicas }
    }
    if flags.contains(.denyOOM), script.beganShort, !script.allowsOOM, !session.isPrimary {
      return CommandError.outOfMemory.text
    }
    return nil
  }

  private func refuseCall(_ record: Fixed<CommandRecord>?, _ session: Session, _ text: StaticString) {
    refuseCall(record, session, wording(text))
  }

  private func refuseCall(_ record: Fixed<CommandRecord>?, _ session: Session, _ text: String) {
    record?.value.statistics.rejected += 1
    let before = session.output.count
    var reply = ReplyWriter(session.output, session.version)
    reply.error(text)
    countError(session.output.bytes[before..<session.output.count])
  }

  /// Whether the running script's caller may run a command (`redis.acl_check_cmd`); nil if there is no such command.
  public func mayCallFromScript(_ arguments: BytesList, count: Int, in session: Session) -> Bool? {
    guard let record = commands.find(arguments, count: count) else { return nil }
    return session.isPrimary || denial(of: session.user, record, CommandArguments(arguments, count: count)) == nil
  }
}

extension CommandTable {
  /// The command or subcommand that arguments name.
  fileprivate func find(_ arguments: BytesList, count: Int) -> Fixed<CommandRecord>? {
    guard let record = find(arguments[0]) else { return nil }
    return record.value.hasSubcommands && count > 1 ? record.value.subcommand(arguments[1]) : record
  }
}

extension Call {
  /// Calls `body` with where the arguments from `index` on stand one behind the other, an address and a length each; good
  /// until `body` returns.
  public func withUnsafeArguments<R>(from index: Int, _ body: (UnsafeRawPointer) -> R) -> R {
    precondition(index <= count)
    return unsafe arguments.withUnsafeElements(from: first + index, body)
  }
}
