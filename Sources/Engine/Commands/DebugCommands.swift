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
      } else if call.count == 4, call.matches(1, "replybuffer") {
        try setReplyBuffers(&call, engine)
      } else if call.count == 3, call.matches(1, "set-disable-deny-scripts") {
        engine.letsScriptsCallAll = (try? call.integer(2)) ?? 0 != 0
        call.reply.ok()
      } else if call.count == 3, call.matches(1, "set-skip-checksum-validation") {
        engine.settings.skipsChecksums = (try? call.integer(2)) ?? 0 != 0
        call.reply.ok()
      } else if call.count == 3, call.matches(1, "object") {
        try describe(&call, engine)
      } else if call.count == 2, call.matches(1, "digest") {
        call.reply.simpleString(DatasetDigest.text(DatasetDigest.digest(of: engine.keyspace.live.head)))
      } else if call.matches(1, "digest-value") {
        digestValues(&call, engine)
      } else if call.count == 3, call.matches(1, "listpack") {
        try checkPacked(&call, engine)
      } else if call.count == 3, call.matches(1, "quicklist-packed-threshold") {
        try setPlainThreshold(&call, engine)
      } else if call.count == 4, call.matches(1, "stringmatch-len") {
        try matchOften(&call)
      } else if call.matches(1, "reload") {
        try reload(&call, engine)
      } else if call.count == 2, call.matches(1, "loadaof") {
        try loadJournal(&call, engine)
      } else if call.matches(1, "populate"), (3...5).contains(call.count) {
        try populate(&call, engine)
      } else if call.count == 3, call.matches(1, "protocol") {
        try showType(&call)
      } else if call.count == 3, call.matches(1, "error") {
        // What the client says, code and all.
        let text = Array(call[2])
        unsafe call.reply.error(text.span.bytes)
      } else if call.count == 3, call.matches(1, "log") {
        engine.log(.warning, "DEBUG LOG: \(String(decoding: call[2], as: UTF8.self))")
        call.reply.ok()
      } else if call.count == 3, call.matches(1, "pause-cron") {
        engine.isCronPaused = (try? call.integer(2)) ?? 0 != 0
        call.reply.ok()
      } else if call.count == 3, call.matches(1, "aof-flush-sleep") {
        engine.settings.logFlushDelay = Int(clamping: max((try? call.integer(2)) ?? 0, 0))
        call.reply.ok()
      } else if call.count >= 3, call.matches(1, "replicate") {
        replicate(&call, engine)
      } else if call.count == 2, call.matches(1, "change-repl-id") {
        engine.log(.warning, "Changing replication IDs after receiving DEBUG change-repl-id")
        engine.replicaHooks.forgetHistory()
        call.reply.ok()
      } else if call.count == 2, call.matches(1, "config-rewrite-force-all") {
        if let failure = engine.rewriteWholeConfiguration() {
          throw call.refuse("ERR CONFIG-REWRITE-FORCE-ALL failed: \(failure)")
        }
        call.reply.ok()
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

  /// DEBUG REPLICATE: sends replicas a command that nobody has executed here.
  private static func replicate(_ call: inout Call, _ engine: Engine) {
    let words = call.arguments(from: 2)
    engine.effects.add(-1, count: words.count, targets: .replicas) { writer in
      for index in 0..<words.count { writer.bulk(words[index]) }
    }
    call.reply.ok()
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
    // What has expired is shown until it is deleted.
    let (view, key) = (engine.view(for: call.session), call.key(2))
    guard let entry = view.root.find(view.database, key.bytes, key.hash) else { throw .noSuchKey }
    let clock = AccessClock.LRU(rawValue: entry.accessClock)
    let idle = clock.idleMilliseconds(at: AccessClock.LRU(milliseconds: call.now)) / 1000
    let line =
      "Value at:0x\(String(entry.address, radix: 16)) refcount:1 encoding:\(entry.encodingName)"
      + " serializedlength:\(engine.serializedByteCount(entry)) lru:\(clock.rawValue) lru_seconds_idle:\(idle)"
      + (entry.type == .list ? nodes(of: entry, engine.settings.encodingLimits) : "")
    call.reply.simpleString(line)
  }

  /// What Redis tells of a quicklist.
  private static func nodes(of entry: Entry, _ limits: EncodingLimits) -> String {
    let list = ListReader(entry)
    let (nodes, byteCount) = list.nodes
    let hundredths = nodes > 0 ? 100 * list.count / nodes : 0
    let rest = hundredths % 100
    return " ql_nodes:\(nodes) ql_avg_node:\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
      + " ql_listpack_max:\(limits.listSize) ql_compressed:0 ql_uncompressed_size:\(byteCount)"
  }

  // MARK: Contents

  private static func digestValues(_ call: inout Call, _ engine: Engine) {
    let view = engine.view(for: call.session)
    call.reply.arrayHeader(call.count - 2)
    for index in 2..<call.count {
      // What has expired is looked at too.
      let key = call.key(index)
      let entry = view.root.find(view.database, key.bytes, key.hash)
      call.reply.simpleString(
        DatasetDigest.text(entry.map { DatasetDigest.digest(of: $0) } ?? SHA1.Digest(repeating: 0)))
    }
  }

  /// DEBUG LISTPACK: whether a value is packed. Redis prints its bytes to the standard output of the server.
  private static func checkPacked(_ call: inout Call, _ engine: Engine) throws(CommandError) {
    guard let entry = engine.view(for: call.session).find(call.key(2), quietly: true) else { throw .noSuchKey }
    guard entry.encodingName.description == "listpack", let packed = PackedValue(entry) else {
      throw call.refuse("ERR Not a listpack encoded object.")
    }
    var text = "{total bytes \(packed.byteCount + 7)} {num entries \(packed.count)}\n"
    var at = packed.elements.start
    while at < packed.elements.end {
      let (element, next) = packed.elements.element(at: at)
      text += "{entry: \(element.withBytes { String(decoding: $0, as: UTF8.self) }), bytes: \(next - at)}\n"
      at = next
    }
    engine.log(.notice, text)
    call.reply.simpleString("Listpack structure printed on stdout")
  }

  /// DEBUG QUICKLIST-PACKED-THRESHOLD: elements of so many bytes stand alone in their leaf.
  private static func setPlainThreshold(_ call: inout Call, _ engine: Engine) throws(CommandError) {
    // Redis keeps a mebibyte away from the 4 GB that the longest element may have.
    guard let byteCount = MemorySize.parse(Array(call[2])), byteCount >= 0, byteCount <= (1 << 32) - (1 << 20) else {
      throw call.refuse("ERR argument must be a memory value bigger than 1 and smaller than 4gb")
    }
    engine.settings.encodingLimits.listPlainThreshold = byteCount == 0 ? EncodingLimits.listPlainDefault : byteCount
    call.reply.ok()
  }

  /// DEBUG STRINGMATCH-LEN: a pattern against a text of so many `A`.
  private static func matchOften(_ call: inout Call) throws(CommandError) {
    let count = try call.integer(2)
    guard count >= 0, count <= 1 << 30 else { throw .outOfPairRange }
    let text = [UInt8](repeating: UInt8(ascii: "A"), count: Int(count))
    let isMatch = text.withBytes { Glob.matches(call[3], $0) }
    call.reply.integer(isMatch ? 1 : 0)
  }

  /// DEBUG RELOAD: the dataset saved and loaded again, in one go.
  private static func reload(_ call: inout Call, _ engine: Engine) throws(CommandError) {
    // What is there so far must not take the place of the file that is being read.
    if engine.persistence.isLoading { throw call.refuse(PersistenceState.loading) }
    var options = ReloadOptions()
    for index in 2..<call.count {
      if call.matches(index, "merge") {
        options.merges = true
      } else if call.matches(index, "noflush") {
        options.flushes = false
      } else if call.matches(index, "nosave") {
        options.saves = false
      } else {
        throw call.refuse("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.")
      }
    }
    if let failure = engine.reload(options) { throw call.refuse(failure) }
    call.reply.ok()
  }

  /// DEBUG LOADAOF: the dataset as the append-only log has it in place of the live one. Others are told meanwhile that it is
  /// loading.
  private static func loadJournal(_ call: inout Call, _ engine: Engine) throws(CommandError) {
    if engine.persistence.isLoading { throw call.refuse(PersistenceState.loading) }
    guard call.mayWait else {
      // In a transaction: nobody is served until it is done.
      var failure: String?
      engine.loadJournal(false) { failure = $0 }
      if let failure { throw call.refuse(failure) }
      return call.reply.ok()
    }
    let session = call.session.id
    call.session.isWaiting = true
    engine.loadJournal(true) { [unowned engine] failure in
      engine.answer(session) { reply in
        if let failure { reply.error(failure) } else { reply.ok() }
      }
    }
  }

  private static func help(_ call: inout Call) {
    call.help([
      "AOF-FLUSH-SLEEP <microseconds>",
      "    Wait for so long before the append-only log is written to.",
      "CHANGE-REPL-ID",
      "    Give the history of writes another ID, so that no replica can go on from where it is.",
      "CONFIG-REWRITE-FORCE-ALL",
      "    Write the configuration file as CONFIG REWRITE does, with all directives, those at their defaults too.",
      "DIGEST",
      "    A digest of the whole dataset, the same as Redis's.",
      "DIGEST-VALUE <key> [<key> ...]",
      "    Digests of values.",
      "ERROR <string>",
      "    Answer with an error of this text, the code first.",
      "LISTPACK <key>",
      "    Write the elements of a packed value to the log.",
      "LOADAOF",
      "    Load the append-only log in place of the dataset. If it cannot be loaded, nothing changes.",
      "LOG <message>",
      "    Write a line to the log.",
      "OBJECT <key>",
      "    Describe the value at a key.",
      "PAUSE-CRON (0|1)",
      "    Have nothing done by the clock.",
      "POPULATE <count> [<prefix> [<size>]]",
      "    Store strings at <prefix>:0 and so on (key:0 by default), of <size> bytes each.",
      "PROTOCOL (string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false)",
      "    Answer with a value of the type.",
      "QUICKLIST-PACKED-THRESHOLD <size>",
      "    Have elements of so many bytes stand alone in their leaf; 0 sets the default.",
      "RELOAD [MERGE] [NOFLUSH] [NOSAVE]",
      "    Save the dataset and load it again; with NOSAVE, load what was saved last. With NOFLUSH the file's keys and",
      "    libraries are added to those that are there: none of them may be there already, unless MERGE has it replaced.",
      "REPLICATE <arg> [<arg> ...]",
      "    Send replicas a command of these words.",
      "REPLYBUFFER PEAK-RESET-TIME (<milliseconds>|NEVER|RESET)",
      "    Give the memory for replies back to the system when a client has been silent for so long.",
      "REPLYBUFFER RESIZING (0|1)",
      "    The same for the usual time, or not at all.",
      "SET-ACTIVE-EXPIRE (0|1)",
      "    Have keys expire by themselves, or only when they are asked for.",
      "SET-DISABLE-DENY-SCRIPTS (0|1)",
      "    Let scripts call commands that are not for them.",
      "SET-SKIP-CHECKSUM-VALIDATION (0|1)",
      "    Have RESTORE take payloads with a wrong checksum.",
      "SLEEP <seconds>",
      "    Stop the server for so long. Decimals are allowed.",
      "STRINGMATCH-LEN <len> <pattern>",
      "    Match a pattern against a text of so many characters.",
    ])
  }
}

/// What DEBUG RELOAD asks for.
public struct ReloadOptions: Sendable {
  /// The dataset is saved first.
  public var saves = true
  /// What is read takes the place of all that is there; otherwise it is added.
  public var flushes = true
  /// What is read takes the place of what has the same name.
  public var merges = false

  public init() {}
}
