/// Takes the arguments of one command from a `RequestParser`.
///
/// What it holds means something only after `next` has returned `.command`: a command that turns out to be cut short
/// is given again from its first argument when the rest is there.
public protocol ArgumentSink {
  /// A command begins. `count` is what the client announced (0 for an inline command, which announces nothing): it may
  /// be 2 billion, so memory is taken as arguments come and not for the claim.
  mutating func reset(count: Int)

  /// The next argument is `length` bytes of the input, from `offset` on.
  mutating func append(offset: Int, length: Int)

  /// The next argument is not in the input as such: it was quoted in an inline command. The bytes are good during
  /// this call only, so the sink copies them.
  mutating func append(unescaped bytes: RawSpan)
}

/// What the unread input begins with.
public enum ParseResult: Equatable, Sendable {
  /// A whole command, whose arguments are in the sink now; it took `consumed` bytes.
  case command(consumed: Int)
  /// No command (an empty line, `*0`, `*-1`), and no reply to it; skip `consumed` bytes.
  case empty(consumed: Int)
  /// Part of a command. Keep all of the input; the parser need not be asked again before it is `needed` bytes long.
  case incomplete(needed: Int)
}
