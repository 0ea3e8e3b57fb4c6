internal import RESP
internal import Values
internal import VersionedStore

/// LPOS and LMPOP.
extension ListCommands {
  static let finding = [lpos, lmpop]

  static let lpos = Command(
    "lpos", arity: .atLeast(3), flags: [.readOnly], categories: [.list], keys: [.one([.readOnly, .access])],
    group: .list, since: "6.0.6", complexity: "O(N) for N elements looked at.",
    "Answers with the indexes of elements that are equal to a given one.",
    .read { call, view throws(CommandError) in
      let options = try Search(call)
      guard let list = try view.list(call.key(1)) else {
        if options.wanted == nil { call.reply.null() } else { call.reply.arrayHeader(0) }
        return
      }
      let found = options.run(list, call[2])
      guard options.wanted != nil else {
        if let first = found.first { call.reply.integer(first) } else { call.reply.null() }
        return
      }
      call.reply.arrayHeader(found.count)
      for index in found { call.reply.integer(index) }
    })

  /// `[RANK rank] [COUNT n] [MAXLEN n]`.
  private struct Search {
    var rank: Int64 = 1
    /// nil for a single answer, 0 for all.
    var wanted: Int?
    var lookedAt = 0

    init(_ call: borrowing Call) throws(CommandError) {
      for index in stride(from: 3, to: call.count, by: 2) {
        guard index + 1 < call.count else { throw .syntax }
        if call.matches(index, "rank") {
          rank = try call.integer(index + 1)
          guard rank != 0 else { throw .zeroRank }
        } else if call.matches(index, "count") {
          let count = try call.integer(index + 1, or: .negativeCount)
          guard count >= 0 else { throw .negativeCount }
          wanted = Int(count)
        } else if call.matches(index, "maxlen") {
          let length = try call.integer(index + 1, or: .negativeLength)
          guard length >= 0 else { throw .negativeLength }
          lookedAt = Int(length)
        } else {
          throw .syntax
        }
      }
    }

    func run(_ list: ListReader, _ element: Bytes) -> [Int] {
      var found: [Int] = []
      // The least number has no opposite, and Redis takes it for the first from the end.
      var passed = rank == .min ? 0 : rank.magnitude - 1
      var left = lookedAt == 0 ? Int.max : lookedAt
      let limit = wanted == 0 ? Int.max : wanted ?? 1
      func meet(_ index: Int, _ value: StoredValue) -> Bool {
        left -= 1
        if value.isSame(as: element) {
          if passed > 0 { passed -= 1 } else { found.append(index) }
        }
        return found.count < limit && left > 0
      }
      if rank < 0 {
        list.forEachReversed(meet)
      } else {
        var index = 0
        list.forEach { value in
          defer { index += 1 }
          return meet(index, value)
        }
      }
      return found
    }
  }

  static let lmpop = Command(
    "lmpop", arity: .atLeast(4), flags: [.write, .movableKeys], categories: [.list],
    keys: [KeySpecification(.index(1), .count(at: 0, first: 1, step: 1), [.readWrite, .access, .delete])],
    group: .list, since: "7.0.0", complexity: "O(N + M) for N keys and M elements of the answer.",
    "Removes elements at an end of the first of several lists that is not empty, and answers with them.",
    .write { call, edit throws(CommandError) in
      let (keys, taking) = try several(call, 1)
      if try !takeFirst(&call, edit, keys, taking) { call.reply.nullArray() }
    })
}
