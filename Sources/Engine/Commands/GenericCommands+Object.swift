internal import RESP
internal import Values
internal import VersionedStore

/// What OBJECT tells about a value.
extension GenericCommands {
  static let object = Command(
    "object", arity: .atLeast(2), group: .generic, since: "2.2.3", complexity: "Depends on the subcommand.",
    "Has subcommands that tell how a value is stored and used.",
    subcommands: [objectEncoding, objectFrequency, objectHelp, objectIdleTime, objectReferenceCount])

  private static let objectEncoding = subcommand(
    "encoding", since: "2.2.3", "Answers with the form in which a value is stored."
  ) { call, _, entry in call.reply.bulk(entry.encodingName) }

  private static let objectReferenceCount = subcommand(
    "refcount", since: "2.2.3", "Answers with the number of references to a value."
  ) { call, view, entry in
    let isShared = view.keyspace.settings.sharesIntegers && entry.isSmallInteger
    call.reply.integer(isShared ? Int(Int32.max) : 1)
  }

  private static let objectIdleTime = subcommand(
    "idletime", since: "2.2.3", "Answers with the seconds since a value was last used."
  ) { call, view, entry throws(CommandError) in
    guard !view.keyspace.settings.maxmemoryPolicy.isLFU else { throw .isLFU }
    let clock = AccessClock.LRU(rawValue: entry.accessClock)
    let idle = clock.idleMilliseconds(at: AccessClock.LRU(milliseconds: call.now))
    call.reply.integer(Int(idle / 1000))
  }

  private static let objectFrequency = subcommand(
    "freq", since: "4.0.0", "Answers with the counter of uses of a value, which grows with their logarithm."
  ) { call, view, entry throws(CommandError) in
    let settings = view.keyspace.settings
    guard settings.maxmemoryPolicy.isLFU else { throw .notLFU }
    let clock = AccessClock.LFU(rawValue: entry.accessClock)
    call.reply.integer(Int(clock.counter(milliseconds: call.now, decayMinutes: settings.lfuDecayTime)))
  }

  private static let objectHelp = Command(
    "help", arity: .exactly(2), flags: [.loading, .stale], categories: [.keyspace], group: .generic, since: "6.2.0",
    "Lists the subcommands.",
    .control { call, _ in
      call.help([
        "ENCODING <key>", "    The form in which the value at <key> is stored.",
        "FREQ <key>", "    The logarithmic counter of uses, with an LFU maxmemory policy.",
        "IDLETIME <key>", "    Seconds since the last use, with any other policy.",
        "REFCOUNT <key>", "    The number of references to the value.",
      ])
    })

  private static func subcommand(
    _ name: StaticString, since: StaticString, _ summary: StaticString,
    _ answer: @escaping @Sendable (inout Call, ReadView, Entry) throws(CommandError) -> Void
  ) -> Command {
    Command(
      name, arity: .exactly(3), flags: [.readOnly], categories: [.keyspace], keys: [.one([.readOnly], at: 2)],
      group: .generic, since: since, summary,
      .read { call, view throws(CommandError) in
        guard let entry = view.find(call.key(2), touching: false, tellingMiss: false) else { return call.reply.null() }
        try answer(&call, view, entry)
      })
  }
}

extension Settings {
  /// Whether Redis would keep one object for all small numbers of a kind. With a policy that looks at the last use it
  /// does not, since that use is noted in the object.
  fileprivate var sharesIntegers: Bool {
    switch maxmemoryPolicy {
    case .allKeysLRU, .allKeysLFU, .volatileLRU, .volatileLFU: maxmemory == 0
    case .allKeysRandom, .volatileRandom, .volatileTTL, .noEviction: true
    }
  }
}

extension EvictionPolicy {
  fileprivate var isLFU: Bool { self == .allKeysLFU || self == .volatileLFU }
}

extension Entry {
  /// One of the numbers that Redis keeps one object of.
  fileprivate var isSmallInteger: Bool {
    guard tag == ValueTag.integer, case .word(let word) = value else { return false }
    return (0..<10_000).contains(word)
  }
}
