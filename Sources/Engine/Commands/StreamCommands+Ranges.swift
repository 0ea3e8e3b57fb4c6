internal import RESP
internal import Values
internal import VersionedStore

/// Commands that look at entries.
extension StreamCommands {
  static let ranges = [xlen, xrange, xrevrange]

  static let xlen = Command(
    "xlen", arity: .exactly(2), flags: [.readOnly, .fast], categories: [.stream], keys: [.one([.readOnly])],
    group: .stream, since: "5.0.0", "Answers with the number of entries.",
    .read { call, view throws(CommandError) in call.reply.integer(try view.stream(call.key(1))?.count ?? 0) })

  static let xrange = range("xrange", isReversed: false, "Answers with the entries of a range of ids.")
  static let xrevrange = range("xrevrange", isReversed: true, "Answers with the entries of a range of ids, last first.")

  private static func range(_ name: StaticString, isReversed: Bool, _ summary: StaticString) -> Command {
    Command(
      name, arity: .atLeast(4), flags: [.readOnly], categories: [.stream], keys: [.one([.readOnly, .access])],
      group: .stream, since: "5.0.0", complexity: "O(N) for N entries of the answer.", summary,
      .read { call, view throws(CommandError) in
        let first = try call.intervalStart(isReversed ? 3 : 2)
        let last = try call.intervalEnd(isReversed ? 2 : 3)
        var limit: Int64 = -1
        var index = 4
        while index < call.count {
          guard call.matches(index, "count"), index + 1 < call.count else { throw .syntax }
          limit = max(try call.integer(index + 1), 0)
          index += 2
        }
        guard let stream = try view.stream(call.key(1)) else { return call.reply.arrayHeader(0) }
        if limit == 0 { return call.reply.nullArray() }
        answer(&call, stream, first, last, limit: limit < 0 ? .max : limit, isReversed: isReversed)
      })
  }

  /// Answers with an array of entries.
  static func answer(
    _ call: inout Call, _ stream: StreamReader, _ first: StreamID, _ last: StreamID, limit: Int64, isReversed: Bool
  ) {
    let header = call.reply.beginDeferred()
    var count: Int64 = 0
    func meet(_ entry: StreamNode.Entry) -> Bool {
      call.reply.streamEntry(entry)
      count += 1
      return count < limit && !call.isReplyTooLong
    }
    if isReversed {
      stream.forEachReversed(from: first, through: last, meet)
    } else {
      stream.forEach(from: first, through: last, meet)
    }
    call.reply.endArray(header, count: Int(count))
  }
}
