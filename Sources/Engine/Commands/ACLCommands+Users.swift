internal import RESP
internal import Values
internal import VersionedStore

/// Making, showing and removing users, and the file that keeps them.
extension ACLCommands {
  private static let perUser: StaticString = "O(N) where N is the number of users."

  static let setUser = Command(
    "setuser", arity: .atLeast(3), flags: guarded, group: .server, since: "6.0.0",
    complexity: "O(N) where N is the number of rules.",
    "Makes a user, or changes what he may do.",
    .control { call, engine throws(CommandError) in
      guard !AccessRule.hasBlanks(call[2]) else {
        throw call.refuse("ERR Usernames can't contain spaces or null characters")
      }
      let words = (3..<call.count).map { Array(call[$0]) }
      do throws(AccessFailure) {
        let rules = try engine.users.rules(of: engine.users.find(call[2]), after: words)
        engine.setUser(Array(call[2]), rules, by: call.session)
      } catch {
        throw call.refuse(Array("ERR ".utf8) + error.text)
      }
      call.reply.ok()
    })

  static let delUser = Command(
    "deluser", arity: .atLeast(3), flags: guarded, group: .server, since: "6.0.0",
    complexity: "O(1) for every user, and O(N) with N connections.",
    "Removes users, and ends their connections.",
    .control { call, engine throws(CommandError) in
      guard !(2..<call.count).contains(where: { call[$0] == Bytes("default") }) else {
        throw call.refuse("ERR The 'default' user cannot be removed")
      }
      let gone = (2..<call.count).compactMap { engine.users.remove(call[$0]) }
      call.reply.integer(gone.count)
      engine.logOut(gone, by: call.session)
    })

  static let getUser = Command(
    "getuser", arity: .exactly(3), flags: guarded, group: .server, since: "6.0.0",
    complexity: "O(N) where N is the number of the user's passwords, patterns and commands.",
    "Describes a user.",
    .control { call, engine throws(CommandError) in
      guard let user = engine.users.find(call[2]) else { return call.reply.null() }
      let commands = engine.users.commands
      call.reply.mapHeader(6)
      call.reply.bulk("flags")
      call.reply.setHeader(user.rules.flags.count)
      for flag in user.rules.flags { call.reply.bulk(flag) }
      call.reply.bulk("passwords")
      call.reply.arrayHeader(user.rules.passwords.count)
      for password in user.rules.passwords { call.reply.bulk(password) }
      call.reply.fields(of: user.rules.selectors[0], commands)
      call.reply.bulk("selectors")
      call.reply.arrayHeader(user.rules.selectors.count - 1)
      for selector in user.rules.selectors.dropFirst() {
        call.reply.mapHeader(3)
        call.reply.fields(of: selector, commands)
      }
    })

  static let list = Command(
    "list", arity: .exactly(2), flags: guarded, group: .server, since: "6.0.0", complexity: perUser,
    "Shows users as lines of a configuration file.",
    .control { call, engine throws(CommandError) in
      let lines = engine.users.lines
      call.reply.arrayHeader(lines.count)
      for line in lines { call.reply.bulk(line) }
    })

  static let users = Command(
    "users", arity: .exactly(2), flags: guarded, group: .server, since: "6.0.0", complexity: perUser,
    "Names all users.",
    .control { call, engine throws(CommandError) in
      let users = engine.users.all
      call.reply.arrayHeader(users.count)
      for user in users { call.reply.bulk(user.name) }
    })

  static let load = Command(
    "load", arity: .exactly(2), flags: guarded, group: .server, since: "6.0.0", complexity: perUser,
    "Reads the users from their file again.",
    .control { call, engine throws(CommandError) in
      guard let storage = engine.accessStorage else { throw call.refuse(noFile) }
      if let refusal = engine.loadUsers(from: storage, by: call.session) {
        throw call.refuse(Array("ERR ".utf8) + refusal)
      }
      call.reply.ok()
    })

  static let save = Command(
    "save", arity: .exactly(2), flags: guarded, group: .server, since: "6.0.0", complexity: perUser,
    "Writes the users to their file.",
    .control { call, engine throws(CommandError) in
      guard let storage = engine.accessStorage else { throw call.refuse(noFile) }
      let content = engine.users.lines.flatMap { $0 + [UInt8(ascii: "\n")] }
      if let reason = storage.write(content) {
        engine.log(.warning, "Writing ACL file for ACL SAVE: \(reason)")
        throw call.refuse(
          "ERR There was an error trying to save the ACLs. Please check the server logs for more information")
      }
      call.reply.ok()
    })

  private static let noFile: StaticString =
    "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration."
}

extension ReplyWriter {
  fileprivate mutating func fields(of selector: Selector, _ commands: AccessCommands) {
    bulk("commands")
    bulk(AccessRule.line(selector.commands.description(commands)))
    bulk("keys")
    bulk(selector.keysDescription)
    bulk("channels")
    bulk(selector.channelsDescription)
  }
}
