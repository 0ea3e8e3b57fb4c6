internal import RESP
internal import Values
internal import VersionedStore

/// Intersections, unions and differences of sorted sets; plain sets count as sorted sets whose scores are all 1.
extension SortedSetCommands {
  static let algebra = [zinter, zunion, zdiff, zinterstore, zunionstore, zdiffstore, zintercard]

  private enum Operation {
    case intersection, union, difference
  }

  private enum Aggregate {
    case sum, min, max

    func callAsFunction(_ a: Double, _ b: Double) -> Double {
      switch self {
      case .sum:
        let sum = a + b
        // Infinities of both signs.
        return sum.isNaN ? 0 : sum
      case .min: return b < a ? b : a
      case .max: return b > a ? b : a
      }
    }
  }

  /// One of the sets that are combined.
  private struct Source {
    enum Members {
      case none
      case set(SetReader)
      case sortedSet(SortedSetReader)
    }

    let members: Members
    var weight = 1.0

    init(_ entry: Entry?) throws(CommandError) {
      guard let entry else {
        members = .none
        return
      }
      switch entry.type {
      case .set: members = .set(SetReader(entry))
      case .sortedSet: members = .sortedSet(SortedSetReader(entry))
      default: throw .wrongType
      }
    }

    var count: Int {
      switch members {
      case .none: 0
      case .set(let set): set.count
      case .sortedSet(let set): set.count
      }
    }

    /// The score of a member times the weight, which may be no number.
    func score(of member: Bytes, _ hashKey: HashKey) -> Double? {
      switch members {
      case .none: nil
      case .set(let set): set.contains(member, hashKey.hash(member)) ? weight : nil
      case .sortedSet(let set): set.score(of: member, hashKey.hash(member)).map { weight * $0 }
      }
    }

    private func weighted(_ score: Double) -> Double {
      let product = weight * score
      return product.isNaN ? 0 : product
    }

    /// Meets the members with their scores times the weight, 0 where that is no number.
    func forEach(_ visit: (StoredValue, Double) -> Bool) {
      switch members {
      case .none: break
      case .set(let set): set.forEach { visit($0, weighted(1)) }
      case .sortedSet(let set): set.forEach { visit($0, weighted($1)) }
      }
    }
  }

  private struct Query {
    var sources: [Source] = []
    var aggregate = Aggregate.sum
    var withScores = false
    var limit = 0
  }

  static let zinter = combining("zinter", .intersection, "Answers with the members that all of several sets have.")
  static let zunion = combining("zunion", .union, "Answers with the members that any of several sets has.")
  static let zdiff = combining(
    "zdiff", .difference, "Answers with the members of a set that none of several others has.")
  static let zinterstore = storing(
    "zinterstore", since: "2.0.0", .intersection, "Stores the members that all of several sets have.")
  static let zunionstore = storing(
    "zunionstore", since: "2.0.0", .union, "Stores the members that any of several sets has.")
  static let zdiffstore = storing(
    "zdiffstore", since: "6.2.0", .difference, "Stores the members of a set that none of several others has.")

  static let zintercard = Command(
    "zintercard", arity: .atLeast(3), flags: [.readOnly, .movableKeys], categories: [.sortedSet],
    keys: [KeySpecification(.index(1), .count(at: 0, first: 1, step: 1), [.readOnly, .access])], group: .sortedSet,
    since: "7.0.0", complexity: "O(N*M) for N members of the smallest of M sets.",
    "Answers with the number of members that all of several sets have.",
    .read { call, view throws(CommandError) in
      var query = try sources(&call, at: 1) { key throws(CommandError) in view.find(key) }
      var index = 2 + query.sources.count
      while index < call.count {
        guard call.matches(index, "limit"), index + 1 < call.count else { throw .syntax }
        query.limit = Int(try call.integer(index + 1, or: .negativeLimit))
        guard query.limit >= 0 else { throw .negativeLimit }
        index += 2
      }
      var count = 0
      intersect(query, view.root.hashKey) { _, _ in
        count += 1
        return query.limit == 0 || count < query.limit
      }
      call.reply.integer(count)
    })

  private static func combining(_ name: StaticString, _ operation: Operation, _ summary: StaticString) -> Command {
    Command(
      name, arity: .atLeast(3), flags: [.readOnly, .movableKeys], categories: [.sortedSet],
      keys: [KeySpecification(.index(1), .count(at: 0, first: 1, step: 1), [.readOnly, .access])],
      group: .sortedSet, since: "6.2.0", complexity: "O(N*M+N*log(N)) for N members of all M sets.", summary,
      .read { call, view throws(CommandError) in
        var query = try sources(&call, at: 1) { key throws(CommandError) in view.find(key) }
        try options(call, from: 2 + query.sources.count, operation, stores: false, &query)
        let members = combine(operation, query, view.root.hashKey)
        call.membersHeader(members.count, withScores: query.withScores)
        for (member, score) in members {
          member.withBytes { call.member(.bytes($0), score, withScores: query.withScores) }
        }
      })
  }

  private static func storing(
    _ name: StaticString, since: StaticString, _ operation: Operation, _ summary: StaticString
  ) -> Command {
    Command(
      name, arity: .atLeast(4), flags: [.write, .denyOOM, .movableKeys], categories: [.sortedSet],
      keys: [
        .one([.overwrite, .update]),
        KeySpecification(.index(2), .count(at: 0, first: 1, step: 1), [.readOnly, .access]),
      ], group: .sortedSet, since: since, complexity: "O(N*M+N*log(N)) for N members of all M sets.", summary,
      .write { call, edit throws(CommandError) in
        // Looking at a key may delete an expired one, and with it what was found before: all are looked at first.
        _ = try sources(&call, at: 2) { key throws(CommandError) in edit.read(key) }
        var query = try sources(&call, at: 2) { key throws(CommandError) in edit.find(key, quietly: true) }
        try options(call, from: 3 + query.sources.count, operation, stores: true, &query)
        let members = combine(operation, query, edit.place(call.key(1)).hashKey)
        edit.replaceSortedSet(call.key(1), members, .sortedSet(name))
        call.reply.integer(members.count)
      })
  }

  /// The sets that the arguments from `index` on name, behind their number.
  private static func sources(
    _ call: inout Call, at index: Int, _ find: (Key) throws(CommandError) -> Entry?
  ) throws(CommandError) -> Query {
    let count = try call.integer(index)
    guard count > 0 else {
      throw call.refuse("ERR at least 1 input key is needed for '\(call.command.value.fullName)' command")
    }
    guard count <= call.count - index - 1 else { throw .syntax }
    var query = Query()
    for at in index + 1..<index + 1 + Int(count) { query.sources.append(try Source(try find(call.key(at)))) }
    return query
  }

  private static func options(
    _ call: borrowing Call, from first: Int, _ operation: Operation, stores: Bool, _ query: inout Query
  ) throws(CommandError) {
    var index = first
    while index < call.count {
      let left = call.count - index
      if operation != .difference, left > query.sources.count, call.matches(index, "weights") {
        for source in query.sources.indices {
          index += 1
          guard let weight = Double(text: call[index]) else { throw .notWeight }
          query.sources[source].weight = weight
        }
      } else if operation != .difference, left > 1, call.matches(index, "aggregate") {
        index += 1
        if call.matches(index, "sum") {
          query.aggregate = .sum
        } else if call.matches(index, "min") {
          query.aggregate = .min
        } else if call.matches(index, "max") {
          query.aggregate = .max
        } else {
          throw .syntax
        }
      } else if !stores, call.matches(index, "withscores") {
        query.withScores = true
      } else {
        throw .syntax
      }
      index += 1
    }
  }

  /// The members of the result in order.
  private static func combine(
    _ operation: Operation, _ query: Query, _ hashKey: HashKey
  ) -> [(member: [UInt8], score: Double)] {
    var members: [(member: [UInt8], score: Double)] = []
    switch operation {
    case .intersection:
      intersect(query, hashKey) { member, score in
        members.append((member.withBytes { Array($0) }, score))
        return true
      }
    case .union:
      var scores: [[UInt8]: Double] = [:]
      for source in query.sources.sorted(by: { $0.count < $1.count }) {
        source.forEach { member, score in
          let name = member.withBytes { Array($0) }
          scores[name] = scores[name].map { query.aggregate($0, score) } ?? score
          return true
        }
      }
      members = scores.map { ($0.key, $0.value) }
    case .difference:
      let others = query.sources.dropFirst()
      query.sources.first?.forEach { member, score in
        let isElsewhere = member.withBytes { name in others.contains { $0.score(of: name, hashKey) != nil } }
        if !isElsewhere { members.append((member.withBytes { Array($0) }, score)) }
        return true
      }
    }
    return members.sorted {
      $0.score != $1.score ? $0.score < $1.score : $0.member.lexicographicallyPrecedes($1.member)
    }
  }

  /// Meets what all sets have, until `visit` returns false.
  private static func intersect(_ query: Query, _ hashKey: HashKey, _ visit: (StoredValue, Double) -> Bool) {
    let sorted = query.sources.sorted { $0.count < $1.count }
    guard let smallest = sorted.first, smallest.count > 0 else { return }
    smallest.forEach { member, score in
      var score = score
      let isEverywhere = member.withBytes { name in
        sorted.dropFirst().allSatisfy { other in
          guard let otherScore = other.score(of: name, hashKey) else { return false }
          score = query.aggregate(score, otherScore)
          return true
        }
      }
      return !isEverywhere || visit(member, score)
    }
  }
}
