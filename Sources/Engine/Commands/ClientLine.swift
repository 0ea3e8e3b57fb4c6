internal import RESP
internal import VersionedStore

/// What CLIENT LIST says of one connection: `field=value` pairs, in the order that Redis 7.0 has them.
///
/// The name of the client library follows at the end, as in 7.2, but only when the client has told it.
struct ClientLine {
  let text: String

  init(_ session: Session, now: Int64) {
    let output = session.output.count
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
      ("multi", "-1"),
      ("qbuf", "\(session.inputByteCount)"),
      ("qbuf-free", "\(session.inputCapacity - session.inputByteCount)"),
      // Arguments are read where they lie in the input.
      ("argv-mem", "0"),
      ("multi-mem", "0"),
      ("rbs", "\(session.output.capacity)"),
      ("rbp", "\(session.output.capacity)"),
      ("obl", "\(output)"),
      ("oll", session.unsentByteCount > 0 ? "1" : "0"),
      ("omem", "\(session.unsentByteCount)"),
      ("tot-mem", "\(session.inputCapacity + session.outputMemory)"),
      ("events", session.unsentByteCount > 0 ? "rw" : "r"),
      ("cmd", session.lastCommand?.value.fullName ?? "NULL"),
      ("user", session.isPrimary ? "(superuser)" : "\(session.user)"),
      ("redir", "-1"),
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
    if session.isPrimary { flags += "M" }
    if session.isSubscriber { flags += "P" }
    if session.isWaiting { flags += "b" }
    if session.isClosing { flags += "c" }
    if session.peer.isUnixSocket { flags += "U" }
    if session.isExemptFromEviction { flags += "e" }
    if !session.touchesKeys { flags += "T" }
    return flags.isEmpty ? "N" : flags
  }
}
