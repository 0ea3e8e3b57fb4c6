public import Engine
internal import RESP

// BGREWRITEAOF. Behaviour and reply texts follow Redis 7.0, but that there is no child.
/// Where the command finds the log, which is there only when the engine is, which has the command.
public final class JournalReference: @unchecked Sendable {
  public weak var journal: Journal?

  public init() {}

  public var command: Command {
    Command(
      "bgrewriteaof", arity: .exactly(1), flags: [.admin, .noScript, .noAsyncLoading], group: .server, since: "1.0.0",
      "Writes the append-only log anew, in the background.",
      .control { [self] call, engine throws(CommandError) in
        guard let journal else { throw call.refuse("ERR there is no append-only log here") }
        try journal.rewrite(&call)
      })
  }
}

extension Journal {
  fileprivate func rewrite(_ call: inout Call) throws(CommandError) {
    if rewrite != nil { throw call.refuse("ERR Background append only file rewriting already in progress") }
    if engine.persistence.isSaving || !canSeal {
      isRewriteScheduled = true
      // Who asks for it has a reason to believe that it can be done.
      engine.persistence.log.consecutiveFailures = 0
      publish()
      return call.reply.simpleString("Background append only file rewriting scheduled")
    }
    guard startRewrite() else {
      throw call.refuse(
        "ERR Can't execute an AOF background rewriting. Please check the server logs for more information.")
    }
    call.reply.simpleString("Background append only file rewriting started")
  }
}
