internal import RESP
internal import VersionedStore

/// Commands on whole databases. Behaviour and reply texts follow Redis 7.0; what is lost by them is kept as a version.
enum DatabaseCommands {
  static let all = [select, dbsize, flushdb, flushall, swapdb]

  static let select = Command(
    "select", arity: .exactly(2), flags: [.loading, .stale, .fast], categories: [.connection], group: .connection,
    since: "1.0.0", "Chooses the database that this connection works on.",
    .control { call, _ throws(CommandError) in
      call.session.database = try call.database(1)
      call.reply.ok()
    })

  static let dbsize = Command(
    "dbsize", arity: .exactly(1), flags: [.readOnly, .fast], categories: [.keyspace], group: .server, since: "1.0.0",
    "Answers with the number of keys in the chosen database.",
    .read { call, view in call.reply.integer(view.keyCount) })

  static let flushdb = Command(
    "flushdb", arity: .atLeast(1), flags: [.write], categories: [.keyspace, .dangerous], group: .server,
    since: "1.0.0", complexity: "O(1); memory is freed afterwards.",
    "Removes all keys of the chosen database and keeps them as a version.",
    .control { call, engine throws(CommandError) in
      try checkFlushOptions(call)
      engine.guardVersion("flushdb")
      engine.edit(for: call.session).flush(call.session.database)
      // Though nothing was there: a replica that has something all the same has nothing then.
      engine.effects.tellCommand()
      call.reply.ok()
    })

  static let flushall = Command(
    "flushall", arity: .atLeast(1), flags: [.write], categories: [.keyspace, .dangerous], group: .server,
    since: "1.0.0", complexity: "O(N) for N databases; memory is freed afterwards.",
    "Removes all keys of all databases and keeps them as a version.",
    .control { call, engine throws(CommandError) in
      try checkFlushOptions(call)
      engine.guardVersion("flushall")
      let edit = engine.edit(for: call.session)
      for database in 0..<edit.dataset.databaseCount { edit.flush(database) }
      engine.whenKept { $0.allKeysFlushed() }
      engine.effects.tellCommand()
      call.reply.ok()
    })

  /// SYNC and ASYNC make no difference: keys are gone at once and their memory is freed in slices.
  private static func checkFlushOptions(_ call: borrowing Call) throws(CommandError) {
    if call.count == 1 { return }
    guard call.count == 2 else { throw .syntax }
    if !call.matches(1, "sync"), !call.matches(1, "async") { throw .syntax }
  }

  static let swapdb = Command(
    "swapdb", arity: .exactly(3), flags: [.write, .fast], categories: [.keyspace, .dangerous], group: .server,
    since: "4.0.0", "Exchanges the keys of two databases, and keeps the state before as a version.",
    .control { call, engine throws(CommandError) in
      let first = try number(call, 1, or: .invalidFirstDBIndex)
      let second = try number(call, 2, or: .invalidSecondDBIndex)
      let databases = 0..<engine.keyspace.live.databaseCount
      guard databases.contains(first), databases.contains(second) else { throw .dbIndexOutOfRange }
      engine.guardVersion("swapdb")
      engine.edit(for: call.session).swap(first, second)
      call.reply.ok()
    })

  private static func number(
    _ call: borrowing Call, _ index: Int, or error: CommandError
  ) throws(CommandError) -> Int {
    guard let number = Int32(exactly: try call.integer(index, or: error)) else { throw error }
    return Int(number)
  }
}
