internal import RESP
internal import VersionedStore

/// Commands that ask for times to live: -1 for a key without one, -2 without a key.
extension GenericCommands {
  static let timesToLive = [ttl, pttl, expiretime, pexpiretime]

  static let ttl = time("ttl", since: "1.0.0", "Answers with the time to live of a key in seconds.") { expiry, now in
    rounded(max(expiry &- now, 0))
  }

  static let pttl = time("pttl", since: "2.6.0", "Answers with the time to live of a key in milliseconds.") {
    expiry, now in max(expiry &- now, 0)
  }

  static let expiretime = time(
    "expiretime", since: "7.0.0", "Answers with the Unix time in seconds at which a key expires."
  ) { expiry, _ in rounded(max(expiry, 0)) }

  static let pexpiretime = time(
    "pexpiretime", since: "7.0.0", "Answers with the Unix time in milliseconds at which a key expires."
  ) { expiry, _ in max(expiry, 0) }

  /// `answer` is given the expiry and the time, both in milliseconds since 1970.
  private static func time(
    _ name: StaticString, since: StaticString, _ summary: StaticString,
    _ answer: @escaping @Sendable (Int64, Int64) -> Int64
  ) -> Command {
    Command(
      name, arity: .exactly(2), flags: [.readOnly, .fast], categories: [.keyspace], keys: [.one([.readOnly, .access])],
      group: .generic, since: since, summary,
      .read { call, view in
        guard let entry = view.find(call.key(1), touching: false) else { return call.reply.integer(-2) }
        call.reply.integer(Int(entry.expiry.map { answer($0, view.now) } ?? -1))
      })
  }

  /// Milliseconds, which are not negative, in seconds.
  private static func rounded(_ milliseconds: Int64) -> Int64 { Int64((UInt64(milliseconds) + 500) / 1000) }
}
