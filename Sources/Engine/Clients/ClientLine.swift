internal import RESP
internal import VersionedStore

/// What CLIENT LIST says of one connection: `field=value` pairs, in the order that Redis 7.0 has them.
///
/// The name of the client library follows at the end, as in 7.2, but only when the client has told it.
struct ClientLine {
  let text: String

  /// `asking` is the command that wants to know, if it is one; its arguments count as memory of its session.
  init(_ session: Session, _ engine: Engine, asking: Call? = nil) {
    let now = engine.keyspace.now
    let total = session.unsentByteCount + session.output.count
    let fixed = session.isReplica ? 0 : min(total, Session.fixedOutput)
    let waiting = session.waitingOutput
    let arguments = asking?.session === session ? asking?.argumentByteCount ?? 0 : 0
    let transaction = session.transaction
    var pairs: [(String, String)] = [
      ("id", "\(session.id)"),
      ("addr", session.peer.remote),
      ("laddr", session.peer.local),
      ("fd", "\(session.peer.fileDescriptor)"),
      ("name", Self.text(session.name)),
      ("age", "\(Self.seconds(from: session.createdAt, to: now))"),
      ("idle", "\(Self.seconds(from: session.lastInteraction, to: now))"),
      ("flags", Self.flags(session)),
      ("db", "\(session.database)"),
      ("sub", "\(session.subscriptions.channels.count)"),
      ("psub", "\(session.subscriptions.patterns.count)"),
      ("ssub", "\(session.subscriptions.shardChannels.count)"),
      ("multi", "\(transaction?.count ?? -1)"),
      ("qbuf", "\(session.unreadByteCount)"),
      ("qbuf-free", "\(session.inputCapacity - session.inputByteCount)"),
      ("argv-mem", "\(arguments + session.argumentByteCount)"),
      ("multi-mem", "\(transaction?.byteCount ?? 0)"),
      ("rbs", "\(min(session.output.capacity, Session.fixedOutput))"),
      ("rbp", "\(min(session.output.capacity, Session.fixedOutput))"),
      ("obl", "\(fixed)"),
      // Pieces of the size in which Redis keeps what its fixed buffer does not hold.
      ("oll", "\((waiting + Session.fixedOutput - 1) / Session.fixedOutput)"),
      ("omem", "\(waiting)"),
      ("tot-mem", "\(engine.memory(of: session) + arguments)"),
      ("events", session.unsentByteCount > 0 || session.streamOutput > 0 ? "rw" : "r"),
      ("cmd", session.lastCommand?.value.fullName ?? "NULL"),
      ("user", session.isPrimary ? "(superuser)" : Self.text(session.user.name)),
      ("redir", "\(session.tracking?.redirect ?? -1)"),
      ("resp", "\(session.version.rawValue)"),
    ]
    if !session.libraryName.isEmpty { pairs.append(("lib-name", Self.text(session.libraryName))) }
    if !session.libraryVersion.isEmpty { pairs.append(("lib-ver", Self.text(session.libraryVersion))) }
    text = pairs.map { "\($0.0)=\($0.1)" }.joined(separator: " ")
  }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  private static func seconds(from start: Int64, to now: Int64) -> Int64 { max(now / 1000 - start / 1000, 0) }

  private static func flags(_ session: Session) -> String {
    var flags = ""
    if session.isMonitoring { flags += "O" }
    if session.isReplica { flags += "S" }
    if session.isPrimary { flags += "M" }
    if session.isSubscriber { flags += "P" }
    if session.transaction != nil { flags += "x" }
    if session.isWaiting { flags += "b" }
    if let state = session.tracking {
      flags += "t"
      if state.isRedirectBroken { flags += "R" }
      if state.options.contains(.broadcast) { flags += "B" }
    }
    if session.isWatchBroken { flags += "d" }
    if session.isClosing { flags += "c" }
    if session.peer.isUnixSocket { flags += "U" }
    if session.isExemptFromEviction { flags += "e" }
    if !session.touchesKeys { flags += "T" }
    return flags.isEmpty ? "N" : flags
  }
}

extension Call {
  /// The lengths of all arguments together.
  fileprivate var argumentByteCount: Int { (0..<count).reduce(0) { $0 + self[$1].count } }
}
