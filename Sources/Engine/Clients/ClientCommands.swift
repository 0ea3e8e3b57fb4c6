internal import RESP
internal import Values
internal import VersionedStore

/// CLIENT: connections, seen from one of them. Behaviour and reply texts follow Redis 7.0; SETINFO and NO-TOUCH came
/// with 7.2, and clients send the former without being asked.
enum ClientCommands {
  static let all = [client, MonitorCommand.monitor]

  static let client = Command(
    "client", arity: .atLeast(2), group: .connection, since: "2.4.0", complexity: "Depends on subcommand.",
    "Container for commands about connections.",
    subcommands: [
      id, getName, setName, setInfo, info, list, kill, noEvict, noTouch, pause, unpause, reply, tracking, caching,
      trackingInfo, getRedirect, unblock, help,
    ])

  /// Flags of what concerns the client's own connection.
  static let own: CommandFlags = [.noScript, .loading, .stale]
  /// Flags of what concerns those of others too.
  static let others: CommandFlags = [.admin, .noScript, .loading, .stale]
  static let perClient: StaticString = "O(N) where N is the number of client connections"

  private static let id = Command(
    "id", arity: .exactly(2), flags: own, categories: [.connection], group: .connection, since: "5.0.0",
    "Tells the connection's id.",
    .control { call, _ throws(CommandError) in call.reply.integer(call.session.id) })

  private static let getName = Command(
    "getname", arity: .exactly(2), flags: own, categories: [.connection], group: .connection, since: "2.6.9",
    "Tells the connection's name.",
    .control { call, _ throws(CommandError) in
      let name = call.session.name
      if name.isEmpty { call.reply.null() } else { call.reply.bulk(name) }
    })

  private static let setName = Command(
    "setname", arity: .exactly(3), flags: own, categories: [.connection], group: .connection, since: "2.6.9",
    "Names the connection, for CLIENT LIST to show.",
    .control { call, _ throws(CommandError) in
      try call.session.setName(call[2])
      call.reply.ok()
    })

  private static let setInfo = Command(
    "setinfo", arity: .exactly(4), flags: own, categories: [.connection], group: .connection, since: "7.2.0",
    "Names the client library and its version, for CLIENT LIST to show.",
    .control { call, _ throws(CommandError) in
      let isName = call.matches(2, "lib-name")
      guard isName || call.matches(2, "lib-ver") else {
        throw call.refuse("ERR Unrecognized option '", quoting: call[2], "'")
      }
      guard call[3].isPrintableWord else {
        throw call.refuse(
          isName
            ? "ERR lib-name cannot contain spaces, newlines or special characters."
            : "ERR lib-ver cannot contain spaces, newlines or special characters.")
      }
      if isName { call.session.libraryName = Array(call[3]) } else { call.session.libraryVersion = Array(call[3]) }
      call.reply.ok()
    })

  private static let info = Command(
    "info", arity: .exactly(2), flags: own, categories: [.connection], group: .connection, since: "6.2.0",
    "Describes the connection in one line.",
    .control { call, engine throws(CommandError) in
      call.reply.verbatim(ClientLine(call.session, engine, asking: call).text + "\n")
    })

  private static let list = Command(
    "list", arity: .atLeast(2), flags: others, categories: [.connection], group: .connection, since: "2.4.0",
    complexity: perClient, "Describes connections, a line each.",
    .control { call, engine throws(CommandError) in
      let sessions = try listed(&call, engine)
      let asking = call
      call.reply.verbatim(sessions.map { ClientLine($0, engine, asking: asking).text + "\n" }.joined())
    })

  private static func listed(_ call: inout Call, _ engine: Engine) throws(CommandError) -> [Session] {
    if call.count == 2 { return engine.sessionsByAge }
    if call.count == 4, call.matches(2, "type") {
      let type = try ClientType(&call, 3)
      return engine.sessionsByAge.filter { ClientType($0) == type }
    }
    guard call.count > 3, call.matches(2, "id") else { throw .syntax }
    var found: [Session] = []
    for index in 3..<call.count {
      guard let id = Int64(text: call[index]) else { throw call.refuse("ERR Invalid client ID") }
      if let session = engine.sessions[Int(id)], !session.isClosing { found.append(session) }
    }
    return found
  }

  private static let noEvict = Command(
    "no-evict", arity: .exactly(3), flags: others, categories: [.connection], group: .connection, since: "7.0.0",
    "Keeps the connection from being dropped when clients take too much memory.",
    .control { call, _ throws(CommandError) in
      call.session.isExemptFromEviction = try call.isOn(2)
      call.reply.ok()
    })

  private static let noTouch = Command(
    "no-touch", arity: .exactly(3), flags: own, categories: [.connection], group: .connection, since: "7.2.0",
    "Keeps the connection's reads from counting as a use of keys.",
    .control { call, _ throws(CommandError) in
      call.session.touchesKeys = try !call.isOn(2)
      call.reply.ok()
    })

  private static let reply = Command(
    "reply", arity: .exactly(3), flags: own, categories: [.connection], group: .connection, since: "3.2.0",
    "Turns replies on and off.",
    .control { call, _ throws(CommandError) in
      let session = call.session
      if call.matches(2, "on") {
        session.replyMode = .on
        call.reply.ok()
      } else if call.matches(2, "off") {
        session.replyMode = .off
      } else if call.matches(2, "skip") {
        if session.replyMode != .off { session.replyMode = .skipNext }
      } else {
        throw .syntax
      }
    })

  private static let help = Command(
    "help", arity: .exactly(2), flags: [.loading, .stale], categories: [.connection], group: .connection,
    since: "5.0.0", "Lists the subcommands.",
    .control { call, _ throws(CommandError) in
      call.help([
        "CACHING (YES|NO)",
        "    Have the keys of the next command tracked, or not, in the OPTIN and OPTOUT modes.",
        "GETREDIR",
        "    Tell the id of the connection that is told of changes in place of this one.",
        "GETNAME",
        "    Tell the name of this connection.",
        "ID",
        "    Tell the id of this connection.",
        "INFO",
        "    Describe this connection.",
        "KILL <ip:port>",
        "    End the connection from <ip:port>.",
        "KILL <option> <value> [<option> <value> [...]]",
        "    End all connections that meet every option:",
        "    * ADDR (<ip:port>|<unixsocket>:0)",
        "      Those from this address.",
        "    * ID <client-id>",
        "      That of this id.",
        "    * LADDR (<ip:port>|<unixsocket>:0)",
        "      Those to this address of the server.",
        "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
        "      Those of this type.",
        "    * USER <username>",
        "      Those of this user.",
        "    * SKIPME (YES|NO)",
        "      Spare this connection (default: yes).",
        "LIST [ID <client-id> [<client-id> ...] | TYPE <type>]",
        "    Describe connections, a line each.",
        "NO-EVICT (ON|OFF)",
        "    Keep this connection from being dropped for its memory.",
        "NO-TOUCH (ON|OFF)",
        "    Keep reads by this connection from counting as a use of keys.",
        "PAUSE <timeout> [WRITE|ALL]",
        "    Put off all commands, or those that write, for <timeout> milliseconds.",
        "REPLY (ON|OFF|SKIP)",
        "    Answer commands, answer none, or do not answer the next one.",
        "SETINFO (LIB-NAME|LIB-VER) <text>",
        "    Name the client library of this connection.",
        "SETNAME <name>",
        "    Name this connection.",
        "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
        "         [OPTIN] [OPTOUT] [NOLOOP]",
        "    Be told when keys change that this connection has read.",
        "TRACKINGINFO",
        "    Tell how this connection tracks keys.",
        "UNBLOCK <clientid> [TIMEOUT|ERROR]",
        "    End the wait of a client in a blocking command.",
        "UNPAUSE",
        "    End a pause.",
      ])
    })
}

extension Call {
  /// ON or OFF.
  fileprivate func isOn(_ index: Int) throws(CommandError) -> Bool {
    if matches(index, "on") { return true }
    guard matches(index, "off") else { throw .syntax }
    return false
  }
}

extension Engine {
  /// Open sessions, the oldest first.
  var sessionsByAge: [Session] { sessions.values.filter { !$0.isClosing }.sorted { $0.id < $1.id } }
}
