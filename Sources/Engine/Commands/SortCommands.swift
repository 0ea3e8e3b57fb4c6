internal import RESP
internal import Values
internal import VersionedStore

/// SORT and SORT_RO. Behaviour and reply texts follow Redis 7.0.
enum SortCommands {
  static let all = [sort, sortReadOnly]

  private static let patternKeys = KeySpecification(
    .unknown, .unknown, [.readOnly, .access],
    notes:
      "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort"
  )

  static let sort = Command(
    "sort", arity: .atLeast(2), flags: [.write, .denyOOM, .movableKeys],
    categories: [.set, .sortedSet, .list, .dangerous],
    keys: [
      .one([.readOnly, .access]), patternKeys,
      KeySpecification(
        .unknown, .unknown, [.overwrite, .update],
        notes:
          "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the argument array"
      ),
    ], group: .generic, since: "1.0.0", complexity: "O(N+M*log(M)) for N elements, of which M are answered with.",
    "Answers with the elements of a list, a set or a sorted set in order, or stores them.",
    .write { call, edit throws(CommandError) in
      let query = try Query(call, stores: true)
      let result = try query.run(call, now: edit.now) { key throws(CommandError) in edit.read(key) }
      guard let target = query.target else { return answer(&call, result) }
      let isSameElsewhere =
        !edit.tellsEffects
        || !query.leavesTiesOpen && (!query.readsFields || isSame(result, query, call, edit))
      edit.replace(call.key(target), isEmpty: result.isEmpty, .list("sortstore"), count: result.count) {
        let list = ListEditor(edit.place(call.key(target)), edit.limits)
        for element in result { (element ?? []).withBytes { list.pushTail($0) } }
      }
      call.reply.integer(result.count)
      if !isSameElsewhere { tell(result, call.key(target), edit) }
    })

  /// Whether the result is the same where nothing expires by itself: what has expired in a hash is still there, and would
  /// be sorted by.
  private static func isSame(_ result: [[UInt8]?], _ query: Query, _ call: Call, _ edit: Edit) -> Bool {
    (try? query.run(call, now: .min) { key throws(CommandError) in edit.find(key, quietly: true) }) == result
  }

  /// Tells what was stored, in place of how it came about.
  private static func tell(_ result: [[UInt8]?], _ target: Key, _ edit: Edit) {
    edit.tellRemovalInstead(target, isLazy: false)
    for first in stride(from: 0, to: result.count, by: Engine.elementsTogether) {
      let part = result[first..<min(first + Engine.elementsTogether, result.count)]
      edit.tellInstead(count: 2 + part.count) { writer in
        writer.bulk("RPUSH")
        writer.bulk(target.bytes)
        for element in part { writer.bulk(element ?? []) }
      }
    }
  }

  static let sortReadOnly = Command(
    "sort_ro", arity: .atLeast(2), flags: [.readOnly, .movableKeys], categories: [.set, .sortedSet, .list, .dangerous],
    keys: [.one([.readOnly, .access]), patternKeys], group: .generic, since: "7.0.0",
    complexity: "O(N+M*log(M)) for N elements, of which M are answered with.",
    "Answers with the elements of a list, a set or a sorted set in order.",
    .read { call, view throws(CommandError) in
      let query = try Query(call, stores: false)
      answer(&call, try query.run(call, now: view.now) { key throws(CommandError) in view.find(key) })
    })

  private static func answer(_ call: inout Call, _ result: [[UInt8]?]) {
    call.reply.arrayHeader(result.count)
    for element in result {
      if let element { call.reply.bulk(element) } else { call.reply.null() }
    }
  }

  private struct Query {
    var isDescending = false
    var isAlphabetic = false
    var first: Int64 = 0
    var count: Int64 = -1
    var by: Pattern?
    /// BY without a `*`: the order of the elements is left as it is.
    var isUnsorted = false
    var gets: [Pattern] = []
    /// The argument with the key to store the result at.
    var target: Int?

    init(_ call: Call, stores: Bool) throws(CommandError) {
      var index = 2
      while index < call.count {
        let left = call.count - index - 1
        if call.matches(index, "asc") {
          isDescending = false
        } else if call.matches(index, "desc") {
          isDescending = true
        } else if call.matches(index, "alpha") {
          isAlphabetic = true
        } else if call.matches(index, "limit"), left >= 2 {
          first = try call.integer(index + 1)
          count = try call.integer(index + 2)
          index += 2
        } else if stores, call.matches(index, "store"), left >= 1 {
          target = index + 1
          index += 1
        } else if call.matches(index, "by"), left >= 1 {
          let pattern = Pattern(call[index + 1])
          by = pattern
          if pattern.star == nil {
            isUnsorted = true
          } else if !call.mayReadEveryKey {
            throw .sortByDenied
          }
          index += 1
        } else if call.matches(index, "get"), left >= 1 {
          guard call.mayReadEveryKey else { throw .sortGetDenied }
          gets.append(Pattern(call[index + 1]))
          index += 1
        } else {
          throw .syntax
        }
        index += 1
      }
    }

    /// Whether elements whose weights are the same text come in an order that every server has for itself: that of its hash
    /// table, or what its way of sorting makes of it. Equal numbers go by the elements.
    var leavesTiesOpen: Bool { by != nil && !isUnsorted && isAlphabetic }

    /// Whether it looks into hashes.
    var readsFields: Bool { by?.hasField ?? false || gets.contains { $0.hasField } }

    /// The elements to answer with, or what GET finds for each of them. Fields that have expired at `now` are not there.
    func run(
      _ call: Call, now: Int64, _ find: (Key) throws(CommandError) -> Entry?
    ) throws(CommandError) -> [[UInt8]?] {
      var (elements, isSet) = try elements(find(call.key(1)))
      var (by, isUnsorted, isAlphabetic) = (by, isUnsorted, isAlphabetic)
      // A set has no order of its own that a replica would share, or that a script may rest on.
      if isUnsorted, isSet, target != nil || call.keyspace.nesting.contains(.script) {
        (by, isUnsorted, isAlphabetic) = (nil, false, true)
      }
      if isUnsorted {
        if isDescending, !isSet { elements.reverse() }
      } else {
        elements = try sorted(elements, by, isAlphabetic, call, now, find)
      }
      let picked = range(elements.count)
      guard !gets.isEmpty else { return elements[picked].map { $0 } }
      var result: [[UInt8]?] = []
      for element in elements[picked] {
        for pattern in gets { result.append(try pattern.value(element, call, now, find)) }
      }
      return result
    }

    private func elements(_ entry: Entry?) throws(CommandError) -> (elements: [[UInt8]], isSet: Bool) {
      guard let entry else { return ([], false) }
      var elements: [[UInt8]] = []
      func take(_ value: StoredValue) -> Bool {
        elements.append(value.withBytes { Array($0) })
        return true
      }
      switch entry.type {
      case .list: ListReader(entry).forEach(take)
      case .set: SetReader(entry).forEach(take)
      case .sortedSet: SortedSetReader(entry).forEach { member, _ in take(member) }
      default: throw .wrongType
      }
      return (elements, entry.type == .set)
    }

    private func range(_ total: Int) -> Range<Int> {
      let start = min(max(first, 0), Int64(total))
      let wanted = count < 0 ? Int64(total) : min(count, Int64(total))
      return Int(start)..<Int(min(start + wanted, Int64(total)))
    }

    private func sorted(
      _ elements: [[UInt8]], _ by: Pattern?, _ isAlphabetic: Bool, _ call: Call, _ now: Int64,
      _ find: (Key) throws(CommandError) -> Entry?
    ) throws(CommandError) -> [[UInt8]] {
      var weights: [[UInt8]?] = []
      for element in elements { weights.append(by == nil ? element : try by?.value(element, call, now, find)) }
      var order: [Int] = Array(elements.indices)
      if isAlphabetic {
        order.sort { a, b in
          switch (weights[a], weights[b]) {
          case (nil, nil): false
          case (nil, _): !isDescending
          case (_, nil): isDescending
          case (let x?, let y?):
            isDescending ? y.lexicographicallyPrecedes(x) : x.lexicographicallyPrecedes(y)
          }
        }
        return order.map { elements[$0] }
      }
      var scores: [Double] = []
      for weight in weights { scores.append(try Self.score(weight)) }
      order.sort { a, b in
        let (x, y) = isDescending ? (b, a) : (a, b)
        if scores[x] != scores[y] { return scores[x] < scores[y] }
        return elements[x].lexicographicallyPrecedes(elements[y])
      }
      return order.map { elements[$0] }
    }

    private static func score(_ weight: [UInt8]?) throws(CommandError) -> Double {
      guard let weight else { return 0 }
      guard let score = weight.withBytes({ CNumber($0) }), score.isInRange else { throw .notSortable }
      return score.value
    }
  }

  /// A pattern of BY or GET: a key with a `*` for the element, perhaps a field behind `->`; `#` is the element itself.
  private struct Pattern {
    private let text: [UInt8]
    let star: Int?
    private let field: [UInt8]?
    private let keyEnd: Int

    var hasField: Bool { field != nil }

    init(_ bytes: Bytes) {
      text = Array(bytes)
      star = text.firstIndex(of: UInt8(ascii: "*"))
      var (arrow, at) = (Int?.none, (star ?? text.count) + 1)
      while at + 2 < text.count, arrow == nil {
        if text[at] == UInt8(ascii: "-"), text[at + 1] == UInt8(ascii: ">") { arrow = at }
        at += 1
      }
      if let arrow {
        (field, keyEnd) = (Array(text[(arrow + 2)...]), arrow)
      } else {
        (field, keyEnd) = (nil, text.count)
      }
    }

    func value(
      _ element: [UInt8], _ call: Call, _ now: Int64, _ find: (Key) throws(CommandError) -> Entry?
    ) throws(CommandError) -> [UInt8]? {
      if text == [UInt8(ascii: "#")] { return element }
      guard let star else { return nil }
      let name = text[..<star] + element + text[(star + 1)..<keyEnd]
      return try Array(name).withBytes { name throws(CommandError) -> [UInt8]? in
        guard let entry = try find(call.key(name)) else { return nil }
        guard let field else {
          return entry.type == .string ? StringReader(entry).array : nil
        }
        guard entry.type == .hash else { return nil }
        let value = field.withBytes { HashReader(entry).value(of: $0, call.key($0).hash, now: now) }
        return value?.withBytes { Array($0) }
      }
    }
  }
}
