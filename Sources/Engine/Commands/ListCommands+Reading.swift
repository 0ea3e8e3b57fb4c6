internal import RESP
internal import Values
internal import VersionedStore

/// Commands that answer with elements, or tell of them.
extension ListCommands {
  static let reading = [llen, lindex, lrange]

  static let llen = Command(
    "llen", arity: .exactly(2), flags: [.readOnly, .fast], categories: [.list], keys: [.one([.readOnly])],
    group: .list, since: "1.0.0", "Answers with the number of elements.",
    .read { call, view throws(CommandError) in call.reply.integer(try view.list(call.key(1))?.count ?? 0) })

  static let lindex = Command(
    "lindex", arity: .exactly(3), flags: [.readOnly], categories: [.list], keys: [.one([.readOnly, .access])],
    group: .list, since: "1.0.0", complexity: "O(log N) for N elements.", "Answers with the element at an index.",
    .read { call, view throws(CommandError) in
      guard let list = try view.list(call.key(1)) else { return call.reply.null() }
      let index = try call.integer(2)
      let place = index < 0 ? index + Int64(list.count) : index
      guard let element = list.element(at: Int(place)) else { return call.reply.null() }
      call.reply.bulk(element)
    })

  static let lrange = Command(
    "lrange", arity: .exactly(4), flags: [.readOnly], categories: [.list], keys: [.one([.readOnly, .access])],
    group: .list, since: "1.0.0", complexity: "O(log N + M) for M of N elements.",
    "Answers with a range of elements.",
    .read { call, view throws(CommandError) in
      let (first, last) = (try call.integer(2), try call.integer(3))
      guard let list = try view.list(call.key(1)) else { return call.reply.arrayHeader(0) }
      let range = list.range(from: first, through: last)
      call.reply.arrayHeader(range.count)
      list.forEach(in: range) {
        call.reply.bulk($0)
        return true
      }
    })
}
