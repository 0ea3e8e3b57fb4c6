internal import Glibc
internal import RESP
internal import Values
internal import VersionedStore

/// DEBUG: what tests of servers need. Behaviour and reply texts follow Redis 7.0.
enum DebugCommands {
  static let all = [debug]

  static let debug = Command(
    "debug", arity: .atLeast(2), flags: [.admin, .noScript, .loading, .stale], group: .server, since: "1.0.0",
    complexity: "Depends on subcommand.", "Container for what tests of the server need.",
    .control { call, engine throws(CommandError) in
      guard isAllowed(call.session, engine.settings.enableDebugCommand) else {
        throw call.refuse(
          "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server."
        )
      }
      if call.count == 3, call.matches(1, "sleep") {
        sleep(seconds: Double(text: call[2]) ?? 0)
        call.reply.ok()
      } else if call.count == 3, call.matches(1, "set-active-expire") {
        engine.keyspace.isActiveExpiryOn = (try? call.integer(2)) ?? 0 != 0
        call.reply.ok()
      } else if call.count == 3, call.matches(1, "object") {
        try describe(&call, engine)
      } else if call.count == 2, call.matches(1, "help") {
        help(&call)
      } else {
        throw call.refuseSubcommandOrArity()
      }
    })

  private static func isAllowed(_ session: Session, _ action: ProtectedAction) -> Bool {
    switch action {
    case .no: false
    case .yes: true
    case .local: session.peer.isLoopback || session.peer.isUnixSocket
    }
  }

  /// Stops the whole server, as the command is meant to.
  private static func sleep(seconds: Double) {
    guard seconds > 0 else { return }
    let nanoseconds = Int(min(seconds, 1e6) * 1e9)
    var next = timespec(tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
    var left = timespec()
    while unsafe nanosleep(&next, &left) != 0, errno == EINTR { next = left }
  }

  /// DEBUG OBJECT: a line about the value at a key. Looking at it does not count as a use.
  private static func describe(_ call: inout Call, _ engine: Engine) throws(CommandError) {
    guard let entry = engine.view(for: call.session).find(call.key(2), quietly: true) else { throw .noSuchKey }
    let clock = AccessClock.LRU(rawValue: entry.accessClock)
    let idle = clock.idleMilliseconds(at: AccessClock.LRU(milliseconds: call.now)) / 1000
    let line =
      "Value at:0x\(String(entry.address, radix: 16)) refcount:1 encoding:\(entry.encodingName)"
      + " serializedlength:\(try entry.string.snapshotByteCount) lru:\(clock.rawValue) lru_seconds_idle:\(idle)"
    unsafe call.reply.simpleString(Array(line.utf8).span.bytes)
  }

  private static func help(_ call: inout Call) {
    call.help([
      "OBJECT <key>",
      "    Describe the value at a key.",
      "SET-ACTIVE-EXPIRE (0|1)",
      "    Have keys expire by themselves, or only when they are asked for.",
      "SLEEP <seconds>",
      "    Stop the server for so long. Decimals are allowed.",
    ])
  }
}

extension StoredValue {
  /// Bytes that the value takes in an RDB file, uncompressed: a length and the bytes, or a small integer in place of both.
  var snapshotByteCount: Int {
    switch self {
    case .word(let word):
      if Int8(exactly: word) != nil { return 2 }
      if Int16(exactly: word) != nil { return 3 }
      if Int32(exactly: word) != nil { return 5 }
      return 1 + (word < 0 ? 1 : 0) + word.magnitude.digitCount
    case .bytes(let bytes):
      let length = bytes.count < 1 << 6 ? 1 : bytes.count < 1 << 14 ? 2 : bytes.count <= Int(UInt32.max) ? 5 : 9
      return length + bytes.count
    }
  }
}
