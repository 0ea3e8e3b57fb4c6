internal import RESP
internal import Values
internal import VersionedStore

/// Greeting, authentication and leave-taking. Behaviour and reply texts follow Redis 7.0.
enum ConnectionCommands {
  static let all = [ping, echo, auth, hello, quit, reset]

  /// Flags of the commands that a client may give before it has said who it is.
  private static let doorway: CommandFlags = [.noScript, .loading, .stale, .fast, .noAuth, .allowBusy]

  static let ping = Command(
    "ping", arity: .atLeast(1), flags: [.fast, .allowedToSubscribers], categories: [.connection], group: .connection,
    since: "1.0.0",
    "Answers, to show that the server is there.",
    .control { call, _ throws(CommandError) in
      guard call.count <= 2 else { throw call.refuse("ERR wrong number of arguments for 'ping' command") }
      // Where messages come in between, the reply looks like one.
      if call.session.attention.contains(.subscriber) {
        call.reply.arrayHeader(2)
        call.reply.bulk("pong")
        call.reply.bulk(call.count == 2 ? call[1] : Bytes())
      } else if call.count == 2 {
        call.reply.bulk(call[1])
      } else {
        call.reply.simpleString("PONG")
      }
    })

  static let echo = Command(
    "echo", arity: .exactly(2), flags: [.loading, .stale, .fast], categories: [.connection], group: .connection,
    since: "1.0.0", "Answers with what was sent.",
    .control { call, _ throws(CommandError) in call.reply.bulk(call[1]) })

  static let auth = Command(
    "auth", arity: .atLeast(2), flags: doorway, categories: [.connection], group: .connection, since: "1.0.0",
    complexity: "O(N) where N is the length of the password", "Tells the server who the client is.",
    .control { call, engine throws(CommandError) in
      guard call.count <= 3 else { throw .syntax }
      if call.count == 2, engine.users.defaultUser.rules.needsNoPassword {
        throw call.refuse(
          "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"
        )
      }
      let user = call.count == 3 ? call[1] : Bytes("default")
      guard engine.authenticate(call.session, user: user, password: call[call.count - 1], command: call[0]) else {
        throw .wrongPassword
      }
      call.reply.ok()
    })

  static let hello = Command(
    "hello", arity: .atLeast(1), flags: doorway, categories: [.connection], group: .connection, since: "6.0.0",
    "Chooses the protocol, authenticates and names the connection in one step.",
    .control { call, engine throws(CommandError) in try hello(&call, engine) })

  private static func hello(_ call: inout Call, _ engine: Engine) throws(CommandError) {
    let session = call.session
    var version = session.version
    if call.count >= 2 {
      guard let number = Int64(text: call[1]) else {
        throw call.refuse("ERR Protocol version is not an integer or out of range")
      }
      switch number {
      case 2: version = .resp2
      case 3: version = .resp3
      default: throw call.refuse("NOPROTO unsupported protocol version")
      }
    }
    var index = 2
    while index < call.count {
      let more = call.count - 1 - index
      if call.matches(index, "auth"), more >= 2 {
        guard engine.authenticate(session, user: call[index + 1], password: call[index + 2], command: call[0]) else {
          throw .wrongPassword
        }
        index += 3
      } else if call.matches(index, "setname"), more >= 1 {
        try session.setName(call[index + 1])
        index += 2
      } else {
        throw call.refuse("ERR Syntax error in HELLO option '", quoting: call[index], "'")
      }
    }
    guard session.isAuthenticated else {
      throw call.refuse(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"
      )
    }
    session.version = version
    call.reply.version = version
    introduce(engine, to: session, &call.reply)
  }

  /// The server's description of itself.
  private static func introduce(_ engine: Engine, to session: Session, _ reply: inout ReplyWriter) {
    reply.mapHeader(7)
    reply.bulk("server")
    reply.bulk("redis")
    reply.bulk("version")
    reply.bulk(ServerIdentity.redisVersion)
    reply.bulk("proto")
    reply.integer(Int(reply.version.rawValue))
    reply.bulk("id")
    reply.integer(session.id)
    reply.bulk("mode")
    reply.bulk("standalone")
    reply.bulk("role")
    reply.bulk(engine.isReplica ? "replica" as StaticString : "master")
    reply.bulk("modules")
    reply.arrayHeader(0)
  }

  static let quit = Command(
    "quit", arity: .atLeast(1), flags: doorway.union([.controlsTransaction, .allowedToSubscribers]),
    categories: [.connection], group: .connection, since: "1.0.0",
    "Ends the connection once the reply is sent.",
    .control { call, engine throws(CommandError) in
      call.reply.ok()
      engine.closeAfterReply(call.session)
    })

  static let reset = Command(
    "reset", arity: .exactly(1), flags: doorway.union([.controlsTransaction, .allowedToSubscribers]),
    categories: [.connection], group: .connection, since: "6.2.0",
    "Makes the connection as it was when it was opened.",
    .control { call, engine throws(CommandError) in
      guard !call.session.isPrimary, !call.session.isReplica else {
        throw call.refuse("ERR can only reset normal client connections")
      }
      engine.reset(call.session)
      call.reply.version = .resp2
      call.reply.simpleString("RESET")
    })
}

extension Engine {
  /// Forgets what the client has said about itself. As in Redis, CLIENT NO-EVICT and its like stay.
  fileprivate func reset(_ session: Session) {
    forget(session)
    session.database = 0
    session.version = .resp2
    session.name = []
    session.replyMode = .on
    makeDefaultUser(session)
  }
}

extension Session {
  /// An empty name takes the name away. One with a character that would break CLIENT LIST is refused.
  func setName(_ name: Bytes) throws(CommandError) {
    guard name.isPrintableWord else { throw .badClientName }
    self.name = Array(name)
  }
}

extension Bytes {
  /// Whether all bytes are visible ASCII characters.
  var isPrintableWord: Bool { allSatisfy { (0x21...0x7E).contains($0) } }
}
