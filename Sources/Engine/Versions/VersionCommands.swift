internal import RESP
internal import VersionedStore

/// VERSION: keeping, finding, comparing and giving up earlier states of the dataset. Cambium's own; no Redis has it.
///
/// Wherever a version is asked for, its id, its name or a time will do (see `VersionReference`).
///
/// *Access.* All of them are `@version`. Those that change something are `@admin` and so `@dangerous`: ROLLBACK, and LOAD with
/// COMMIT, put another dataset in the place of everybody's; RESTORE overwrites keys; DROP gives up what nothing brings back,
/// and RELEASE leaves a version to be given up; CREATE and HOLD keep memory that nobody else can free, and LOAD reads files
/// of the server's host. Those that only look (LIST, INFO, STATS, READ, DIFF, USE) are not: keys that they name are held
/// against the user's patterns as those of any command, the inner command of READ too. DIFF tells names of all keys, as KEYS
/// and SCAN do.
enum VersionCommands {
  /// The container, with subcommands that modules above bring and the lines that HELP has for them.
  static func version(with more: [Command], help lines: [StaticString]) -> Command {
    Command(
      "version", arity: .atLeast(2), group: .version, since: "1.0.0", complexity: "Depends on subcommand.",
      "A container for commands that keep earlier states of the dataset and bring them back.",
      subcommands: [create, list, info, rollback, drop, hold, release, diff, read, use, restore] + more
        + [stats, help(lines)])
  }

  static let create = Command(
    "create", arity: .atLeast(2), flags: [.admin, .fast], group: .version, since: "1.0.0",
    "Keeps the live dataset as a version.",
    .control { call, engine throws(CommandError) in
      guard call.count <= 3 else { throw .syntax }
      var name: String?
      if call.count == 3 {
        guard VersionName.isValid(call[2]) else {
          throw call.refuse(
            "ERR invalid version name '", quoting: call[2].prefix(VersionName.longest),
            "', it should have at most 128 printable characters without blanks and be no number, no @time and not LIVE")
        }
        name = String(decoding: call[2], as: UTF8.self)
      }
      do throws(VersionError) {
        let version = try engine.keyspace.history.create(name: name, reason: "create", atMilliseconds: call.now)
        call.reply.integer(version.id)
      } catch {
        // There may be too many even where none was named.
        throw call.refuse(error, quoting: call.count == 3 ? call[2] : Bytes())
      }
    })

  static let rollback = Command(
    "rollback", arity: .exactly(3), flags: [.write, .admin, .fast], group: .version, since: "1.0.0",
    "Makes a version the live dataset; the state before it becomes a version.",
    .control { call, engine throws(CommandError) in
      let target = try call.version(2)
      guard let undo = engine.rollback(to: target) else { return call.reply.null() }
      call.reply.integer(undo.id)
    })

  static let drop = Command(
    "drop", arity: .atLeast(3), flags: [.admin], group: .version, since: "1.0.0",
    complexity: "O(N) with N versions dropped; their memory comes back in slices afterwards.",
    "Gives up versions; with DRYRUN it only says how many bytes would come back.",
    .control { call, engine throws(CommandError) in
      let isDryRun = call.count > 3 && call.matches(call.count - 1, "DRYRUN")
      var ids: [Int] = []
      for index in 2..<(isDryRun ? call.count - 1 : call.count) {
        let version = try call.version(index)
        guard version.holds.isEmpty else {
          throw call.refuse(.held(version.id, tags: version.holds), quoting: call[index])
        }
        ids.append(version.id)
      }
      let history = engine.keyspace.history
      if !isDryRun, history.isUndoable {
        throw call.refuse("ERR what VERSION DROP gives up cannot be brought back by a transaction that rolls back")
      }
      do throws(VersionError) {
        call.reply.integer(try isDryRun ? history.bytesGivenBack(byDropping: ids) : history.drop(ids))
      } catch {
        throw call.refuse(error, quoting: call[2])
      }
    })

  static let hold = Command(
    "hold", arity: .exactly(4), flags: [.admin, .fast], group: .version, since: "1.0.0",
    "Protects a version from being dropped, by hand or by the server, until the tag is released.",
    .control { call, engine throws(CommandError) in
      let version = try call.version(2)
      guard VersionName.isWord(call[3]) else {
        throw call.refuse("ERR invalid tag, it should have at most 128 printable characters without blanks")
      }
      do throws(VersionError) {
        try engine.keyspace.history.hold(version.id, tag: String(decoding: call[3], as: UTF8.self))
      } catch {
        throw call.refuse(error, quoting: call[2])
      }
      call.reply.ok()
    })

  static let release = Command(
    "release", arity: .exactly(4), flags: [.admin, .fast], group: .version, since: "1.0.0",
    "Takes back a tag that holds a version.",
    .control { call, engine throws(CommandError) in
      let version = try call.version(2)
      do throws(VersionError) {
        try engine.keyspace.history.release(version.id, tag: String(decoding: call[3], as: UTF8.self))
      } catch {
        throw call.refuse(error, quoting: call[2])
      }
      call.reply.ok()
    })

  private static func help(_ more: [StaticString]) -> Command {
    Command(
      "help", arity: .exactly(2), flags: [.loading, .stale], group: .version, since: "1.0.0",
      "Describes the subcommands.",
      .control { call, _ in call.help(helpLines + more + closingHelpLines) })
  }

  private static let helpLines: [StaticString] = [
    "CREATE [<name>]",
    "    Keep the live dataset as a version and return its id.",
    "LIST",
    "    Return all versions, oldest first.",
    "INFO <version|LIVE>",
    "    Return one version.",
    "ROLLBACK <version>",
    "    Make a version the live dataset. Return the id of the version that the state before has become.",
    "    Keys whose time to live has run out since the version was created expire at once.",
    "DROP <version> [<version> ...] [DRYRUN]",
    "    Give up versions and return the number of bytes that come back. DRYRUN only returns the number.",
    "HOLD <version> <tag>",
    "    Protect a version from being dropped until the tag is released.",
    "RELEASE <version> <tag>",
    "    Take back a tag.",
    "DIFF <version|LIVE> <version|LIVE> [DB <db>] [MATCH <pattern>] [COUNT <count>] [CURSOR <cursor>]",
    "    Return a cursor, 0 at the end, and the keys that the second has added, removed or changed.",
    "    Keys count as long as they are stored, expired or not.",
    "DIFF <version|LIVE> <version|LIVE> FIELDS <key> [DB <db>] [MATCH <pattern>] [COUNT <count>] [CURSOR <cursor>]",
    "    The same inside one key: fields of a hash, members of a set or sorted set (changed: the score), entries of a",
    "    stream by id, elements of a list as [index, element], bytes of a string as [offset, length]. Of a stream also its",
    "    groups and its properties. A replaced element of a list is removed at its index in the first version and added",
    "    at its index in the second.",
    "READ <version|LIVE> <command> [<arg> ...]",
    "    Run a command that only reads, on a version as it was when it was created: what had not expired then is there.",
    "USE <version|LIVE>",
    "    Have this connection read a version, as READ does. Writes are refused until USE LIVE or RESET.",
    "RESTORE <version> <key> [<key> ...]",
    "    Copy keys of the selected database from a version into the live dataset. Keys that the version has not, or that",
    "    have expired since, are left out. Return the number of keys copied.",
  ]

  private static let closingHelpLines: [StaticString] = [
    "STATS",
    "    Return numbers of versions and what memory is used for.",
    "A version is named by its id, its name, or a time (@<milliseconds since 1970>, @2026-11-22T07:20:00Z), which means",
    "the latest version created at or before it.",
  ]
}

extension Engine {
  /// Makes a version the live dataset. The state before it becomes an automatic version, which is returned, unless
  /// `version-history` is 0.
  func rollback(to target: Version) -> Version? {
    let history = keyspace.history
    effects.replaceCommand()
    let (told, libraries) = (effects.mark, keyspace.live.attachments)
    // What is of another lineage shares nothing, so that the way there would be as long as the dataset. Where all may still be
    // taken back, nobody can begin anew with it.
    let isTold =
      !effects.isWanted
      || (target.lineage == keyspace.live.lineage || history.isUndoable)
        && tellDifference(from: keyspace.live.head, to: history.root(of: target))
    // The target is one of the history's own, so that nothing is refused.
    let undo = try? history.rollback(
      to: target.id, keepCurrent: settings.versionHistory > 0, atMilliseconds: keyspace.now)
    keyspace.liveDatasetChanged()
    keyspace.changesSinceSave += 1
    if !isTold {
      effects.takeBack(to: told)
      abandonEffects()
    } else if effects.isWanted, libraries != keyspace.live.attachments {
      tellLibraries()
    }
    keyspace.trimVersions()
    log(
      .notice,
      "Rolled back to version \(target.label); the state before it \(undo.map { "is version \($0.label)" } ?? "was given up")"
    )
    return undo
  }
}

extension Version {
  /// For log lines: the id, and the name if it has one.
  var label: String { name.map { "\(id) (\($0))" } ?? "\(id)" }
}
