internal import RESP
internal import Values
internal import VersionedStore

/// Commands that answer with a string, a part of it, or its length.
extension StringCommands {
  static let reading = [get, mget, strlen, getrange, substr]

  static let get = Command(
    "get", arity: .exactly(2), flags: [.readOnly, .fast], categories: [.string], keys: [.one([.readOnly, .access])],
    group: .string, since: "1.0.0", "Answers with the string at a key.",
    .read { call, view throws(CommandError) in
      guard let entry = view.find(call.key(1)) else { return call.reply.null() }
      call.reply.bulk(try entry.string)
    })

  static let mget = Command(
    "mget", arity: .atLeast(2), flags: [.readOnly, .fast], categories: [.string], keys: [.all([.readOnly, .access])],
    group: .string, since: "1.0.0", complexity: "O(N) for N keys.",
    "Answers with the strings at several keys; null for a key that is missing or holds something else.",
    .read { call, view in
      call.reply.arrayHeader(call.count - 1)
      for index in 1..<call.count {
        // The same large value may be asked for a million times.
        if call.isReplyTooLong { return }
        guard let entry = view.find(call.key(index)), entry.type == .string else {
          call.reply.null()
          continue
        }
        call.reply.bulk(StringReader(entry))
      }
    })

  static let strlen = Command(
    "strlen", arity: .exactly(2), flags: [.readOnly, .fast], categories: [.string], keys: [.one([.readOnly])],
    group: .string, since: "2.2.0", "Answers with the number of bytes of the string at a key.",
    .read { call, view throws(CommandError) in
      guard let entry = view.find(call.key(1)) else { return call.reply.integer(0) }
      call.reply.integer(try entry.string.count)
    })

  static let getrange = Command(
    "getrange", arity: .exactly(4), flags: [.readOnly], categories: [.string], keys: [.one([.readOnly, .access])],
    group: .string, since: "2.4.0", complexity: "O(N) for N bytes of the answer.",
    "Answers with the bytes of a string between two offsets; negative ones count from its end.", .read(range))

  static let substr = Command(
    "substr", arity: .exactly(4), flags: [.readOnly], categories: [.string], keys: [.one([.readOnly, .access])],
    group: .string, since: "1.0.0", complexity: "O(N) for N bytes of the answer.",
    "The former name of GETRANGE.", .read(range))

  private static func range(_ call: inout Call, _ view: ReadView) throws(CommandError) {
    let first = try call.integer(2)
    let last = try call.integer(3)
    guard let entry = view.find(call.key(1)) else { return call.reply.bulk(Bytes()) }
    let string = try entry.string
    call.reply.bulk(string, range(from: first, through: last, of: string.count))
  }

  /// The offsets that a client means, cut down to a string of `count` bytes.
  private static func range(from first: Int64, through last: Int64, of count: Int) -> Range<Int> {
    // Both before the beginning would be cut down to the first byte, if they did not stand the wrong way round.
    if first < 0, last < 0, first > last { return 0..<0 }
    let start = max(first < 0 ? Int64(count) + first : first, 0)
    let end = min(max(last < 0 ? Int64(count) + last : last, 0), Int64(count) - 1)
    return start > end ? 0..<0 : Int(start)..<Int(end) + 1
  }
}
