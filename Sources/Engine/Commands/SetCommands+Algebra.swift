internal import RESP
internal import Values
internal import VersionedStore

/// Intersections, unions and differences of sets.
extension SetCommands {
  static let algebra = [sinter, sinterstore, sintercard, sunion, sunionstore, sdiff, sdiffstore]

  private enum Operation {
    case intersection, union, difference
  }

  static let sinter = combining(
    "sinter", .intersection, complexity: "O(N*M) for N members of the smallest of M sets.",
    "Answers with the members that all of several sets have.")
  static let sunion = combining(
    "sunion", .union, complexity: "O(N) for N members of all sets.",
    "Answers with the members that any of several sets has.")
  static let sdiff = combining(
    "sdiff", .difference, complexity: "O(N) for N members of all sets.",
    "Answers with the members of a set that none of several others has.")
  static let sinterstore = storing(
    "sinterstore", .intersection, [.readWrite, .update],
    complexity: "O(N*M) for N members of the smallest of M sets.",
    "Stores the members that all of several sets have.")
  static let sunionstore = storing(
    "sunionstore", .union, [.overwrite, .update], complexity: "O(N) for N members of all sets.",
    "Stores the members that any of several sets has.")
  static let sdiffstore = storing(
    "sdiffstore", .difference, [.overwrite, .update], complexity: "O(N) for N members of all sets.",
    "Stores the members of a set that none of several others has.")

  static let sintercard = Command(
    "sintercard", arity: .atLeast(3), flags: [.readOnly, .movableKeys], categories: [.set],
    keys: [KeySpecification(.index(1), .count(at: 0, first: 1, step: 1), [.readOnly, .access])], group: .set,
    since: "7.0.0", complexity: "O(N*M) for N members of the smallest of M sets.",
    "Answers with the number of members that all of several sets have.",
    .read { call, view throws(CommandError) in
      let keys = try call.integer(1, or: .noKeyCount)
      guard keys > 0 else { throw .noKeyCount }
      guard keys <= call.count - 2 else { throw .tooManyKeys }
      let limit = try limit(call, from: 2 + Int(keys))
      var sets: [SetReader] = []
      var isEmpty = false
      for index in 2..<2 + Int(keys) {
        if let set = try view.set(call.key(index)) { sets.append(set) } else { isEmpty = true }
      }
      var count = 0
      if !isEmpty {
        intersect(sets, view.root.hashKey) { _ in
          count += 1
          return limit == 0 || count < limit
        }
      }
      call.reply.integer(count)
    })

  private static func limit(_ call: borrowing Call, from first: Int) throws(CommandError) -> Int {
    var limit = 0
    var index = first
    while index < call.count {
      guard call.matches(index, "limit"), index + 1 < call.count else { throw .syntax }
      limit = Int(try call.integer(index + 1, or: .negativeLimit))
      guard limit >= 0 else { throw .negativeLimit }
      index += 2
    }
    return limit
  }

  private static func combining(
    _ name: StaticString, _ operation: Operation, complexity: StaticString, _ summary: StaticString
  ) -> Command {
    Command(
      name, arity: .atLeast(2), flags: [.readOnly], categories: [.set], keys: [.all([.readOnly, .access])],
      group: .set, since: "1.0.0", complexity: complexity, summary,
      .read { call, view throws(CommandError) in
        var sets: [SetReader?] = []
        for index in 1..<call.count { sets.append(try view.set(call.key(index))) }
        let header = call.reply.beginDeferred()
        var count = 0
        combine(operation, sets, view.root.hashKey) { member in
          call.reply.bulk(member)
          count += 1
        }
        call.reply.endSet(header, count: count)
      })
  }

  private static func storing(
    _ name: StaticString, _ operation: Operation, _ access: KeySpecification.Access, complexity: StaticString,
    _ summary: StaticString
  ) -> Command {
    Command(
      name, arity: .atLeast(3), flags: [.write, .denyOOM], categories: [.set],
      keys: [
        .one(access), KeySpecification(.index(2), .range(last: -1, step: 1, limit: 0), [.readOnly, .access]),
      ], group: .set, since: "1.0.0", complexity: complexity, summary,
      .write { call, edit throws(CommandError) in
        // Looking at a key may delete an expired one, and with it what was found before: all are looked at first.
        for index in 2..<call.count { _ = try edit.readSet(call.key(index), counted: true) }
        var sets: [SetReader?] = []
        for index in 2..<call.count {
          sets.append(edit.find(call.key(index), quietly: true).map { SetReader($0) })
        }
        var members: [[UInt8]] = []
        combine(operation, sets, edit.place(call.key(1)).hashKey) { member in
          members.append(member.withBytes { Array($0) })
        }
        edit.replace(call.key(1), isEmpty: members.isEmpty, .set(name)) {
          let target = SetEditor(edit.place(call.key(1)), edit.limits)
          for member in members { member.withBytes { _ = target.insert($0) } }
        }
        call.reply.integer(members.count)
      })
  }

  /// Meets each member of the result once. A set that is missing is an empty one.
  private static func combine(
    _ operation: Operation, _ sets: [SetReader?], _ hashKey: HashKey, _ visit: (StoredValue) -> Void
  ) {
    switch operation {
    case .intersection:
      let there = sets.compactMap { $0 }
      guard there.count == sets.count else { return }
      intersect(there, hashKey) {
        visit($0)
        return true
      }
    case .union:
      var seen: Set<[UInt8]> = []
      for set in sets {
        set?.forEach { member in
          if sets.count == 1 || seen.insert(member.withBytes { Array($0) }).inserted { visit(member) }
          return true
        }
      }
    case .difference:
      guard let first = sets.first ?? nil else { return }
      let others = sets.dropFirst().compactMap { $0 }
      first.forEach { member in
        if !others.contains(where: { $0.contains(member, hashKey) }) { visit(member) }
        return true
      }
    }
  }

  /// Meets what all sets have, until `visit` returns false.
  private static func intersect(_ sets: [SetReader], _ hashKey: HashKey, _ visit: (StoredValue) -> Bool) {
    let sorted = sets.sorted { $0.count < $1.count }
    sorted.first?.forEach { member in
      let isEverywhere = sorted.dropFirst().allSatisfy { $0.contains(member, hashKey) }
      return !isEverywhere || visit(member)
    }
  }
}

extension SetReader {
  fileprivate func contains(_ member: StoredValue, _ hashKey: HashKey) -> Bool {
    member.withBytes { contains($0, hashKey.hash($0)) }
  }
}
