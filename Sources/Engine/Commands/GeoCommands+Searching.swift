internal import RESP
internal import Values
internal import VersionedStore

/// GEOSEARCH and the commands that it has taken the place of.
extension GeoCommands {
  static let searching = [
    geosearch, geosearchstore, georadius, georadiusReadOnly, georadiusbymember, georadiusbymemberReadOnly,
  ]

  private enum Form: Equatable {
    case search, searchAndStore, aroundPlace, aroundMember

    var isSearch: Bool { self == .search || self == .searchAndStore }
  }

  /// What is looked for, and what is to be done with it.
  private struct Query {
    var center: GeoPoint?
    var shape: GeoArea.Shape?
    /// Meters of the unit.
    var unit = 1.0
    var withDistance = false
    var withHash = false
    var withPlace = false
    var isAscending: Bool?
    var limit: Int64 = 0
    var takesAny = false
    /// The argument with the key to store the result at.
    var target: Int?
    var storesDistance = false
    /// A member was named, whether there is a set to find it in or not.
    var hasMember = false

    init(
      _ call: inout Call, _ form: Form, stores: Bool, _ find: (Int) -> GeoPoint?, hasSet: Bool
    ) throws(CommandError) {
      var index: Int
      switch form {
      case .aroundPlace:
        center = try call.place(2)
        let (radius, unit) = try call.radius(4)
        (shape, self.unit, index) = (.circle(radius: radius * unit), unit, 6)
      case .aroundMember:
        index = 5
        if hasSet {
          try lookUp(&call, 2, find)
          let (radius, unit) = try call.radius(3)
          (shape, self.unit) = (.circle(radius: radius * unit), unit)
        }
      case .search: index = 2
      case .searchAndStore:
        index = 3
        target = 1
      }
      while index < call.count {
        let left = call.count - index - 1
        if call.matches(index, "withdist") {
          withDistance = true
        } else if call.matches(index, "withhash") {
          withHash = true
        } else if call.matches(index, "withcoord") {
          withPlace = true
        } else if call.matches(index, "any") {
          takesAny = true
        } else if call.matches(index, "asc") {
          isAscending = true
        } else if call.matches(index, "desc") {
          isAscending = false
        } else if call.matches(index, "count"), left > 0 {
          limit = try call.integer(index + 1)
          guard limit > 0 else { throw call.refuse("ERR COUNT must be > 0") }
          index += 1
        } else if call.matches(index, "store"), left > 0, stores, !form.isSearch {
          try store(at: index + 1, distance: false)
          index += 1
        } else if call.matches(index, "storedist"), left > 0, stores, !form.isSearch {
          try store(at: index + 1, distance: true)
          index += 1
        } else if call.matches(index, "storedist"), form == .searchAndStore {
          storesDistance = true
        } else if form.isSearch {
          index += try readArea(&call, index, left, find, hasSet: hasSet)
        } else {
          throw .syntax
        }
        index += 1
      }
      try check(&call, form)
    }

    /// Only one key may be named to store at: it is the one that access was asked for.
    private mutating func store(at index: Int, distance: Bool) throws(CommandError) {
      guard target == nil else { throw .syntax }
      (target, storesDistance) = (index, distance)
    }

    private mutating func lookUp(_ call: inout Call, _ index: Int, _ find: (Int) -> GeoPoint?) throws(CommandError) {
      guard let point = find(index) else { throw call.refuse("ERR could not decode requested zset member") }
      center = point
    }

    /// Reads FROM... and BY... of GEOSEARCH. Returns how many arguments it took beyond the first.
    private mutating func readArea(
      _ call: inout Call, _ index: Int, _ left: Int, _ find: (Int) -> GeoPoint?, hasSet: Bool
    ) throws(CommandError) -> Int {
      if call.matches(index, "frommember"), left > 0, center == nil || hasMember {
        if hasSet { try lookUp(&call, index + 1, find) }
        hasMember = true
        return 1
      }
      if call.matches(index, "fromlonlat"), left > 1, !hasMember {
        center = try call.place(index + 1)
        return 2
      }
      if call.matches(index, "byradius"), left > 1, !isBox {
        let (radius, unit) = try call.radius(index + 1)
        (shape, self.unit) = (.circle(radius: radius * unit), unit)
        return 2
      }
      if call.matches(index, "bybox"), left > 2, shape == nil || isBox {
        let (width, height, unit) = try call.box(index + 1)
        (shape, self.unit) = (.box(width: width * unit, height: height * unit), unit)
        return 3
      }
      throw .syntax
    }

    private var isBox: Bool { if case .box? = shape { true } else { false } }

    private func check(_ call: inout Call, _ form: Form) throws(CommandError) {
      if target != nil, withDistance || withHash || withPlace {
        let name = form == .searchAndStore ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS"
        throw call.refuse("ERR \(name) is not compatible with WITHDIST, WITHHASH and WITHCOORD options")
      }
      let name = String(decoding: call[0], as: UTF8.self)
      if form.isSearch, center == nil, !hasMember {
        throw call.refuse("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for \(name)")
      }
      if form.isSearch, shape == nil {
        throw call.refuse("ERR exactly one of BYRADIUS and BYBOX can be specified for \(name)")
      }
      if takesAny, limit == 0 { throw call.refuse("ERR the ANY argument requires COUNT argument") }
    }
  }

  private struct Hit {
    let member: [UInt8]
    let score: Double
    let point: GeoPoint
    /// Meters.
    let distance: Double
  }

  static let geosearch = reading(
    "geosearch", arity: 7, since: "6.2.0", .search, "Finds members within a circle or a box.")
  static let georadiusReadOnly = reading(
    "georadius_ro", arity: 6, since: "3.2.10", .aroundPlace, "Finds members within a circle around a place.")
  static let georadiusbymemberReadOnly = reading(
    "georadiusbymember_ro", arity: 5, since: "3.2.10", .aroundMember, "Finds members within a circle around another.")
  static let georadius = storing(
    "georadius", arity: 6, since: "3.2.0", .aroundPlace, "Finds members within a circle around a place.")
  static let georadiusbymember = storing(
    "georadiusbymember", arity: 5, since: "3.2.0", .aroundMember, "Finds members within a circle around another.")

  static let geosearchstore = Command(
    "geosearchstore", arity: .atLeast(8), flags: [.write, .denyOOM], categories: [.geo],
    keys: [.one([.overwrite, .update]), .one([.readOnly, .access], at: 2)], group: .geo, since: "6.2.0",
    complexity: "O(N+log(M)) for N members around the area and M in it.",
    "Stores the members within a circle or a box.",
    .write { call, edit throws(CommandError) in try run(&call, edit, .searchAndStore, source: 2) })

  private static func reading(
    _ name: StaticString, arity: Int, since: StaticString, _ form: Form, _ summary: StaticString
  ) -> Command {
    Command(
      name, arity: .atLeast(arity), flags: [.readOnly], categories: [.geo], keys: [.one([.readOnly, .access])],
      group: .geo, since: since, complexity: "O(N+log(M)) for N members around the area and M in it.", summary,
      .read { call, view throws(CommandError) in
        let set = try view.sortedSet(call.key(1))
        let query = try Query(&call, form, stores: false, finder(call, set), hasSet: set != nil)
        answer(&call, query, search(set, query).hits)
      })
  }

  private static func storing(
    _ name: StaticString, arity: Int, since: StaticString, _ form: Form, _ summary: StaticString
  ) -> Command {
    Command(
      name, arity: .atLeast(arity), flags: [.write, .denyOOM, .movableKeys], categories: [.geo],
      keys: [
        .one([.readOnly, .access]),
        KeySpecification(.keyword("STORE", from: arity), .range(last: 0, step: 1, limit: 0), [.overwrite, .update]),
        KeySpecification(
          .keyword("STOREDIST", from: arity), .range(last: 0, step: 1, limit: 0), [.overwrite, .update]),
      ], group: .geo, since: since, complexity: "O(N+log(M)) for N members around the area and M in it.", summary,
      .write { call, edit throws(CommandError) in try run(&call, edit, form, source: 1) })
  }

  private static func run(_ call: inout Call, _ edit: Edit, _ form: Form, source: Int) throws(CommandError) {
    let set = try edit.readSortedSet(call.key(source), counted: true)
    let query = try Query(&call, form, stores: true, finder(call, set), hasSet: set != nil)
    let (hits, dividesEquals) = search(set, query)
    guard let target = query.target else { return answer(&call, query, hits) }
    let members = hits.map { ($0.member, query.storesDistance ? $0.distance / query.unit : $0.score) }
    edit.replaceSortedSet(
      call.key(target), members, .sortedSet(form.isSearch ? "geosearchstore" : "georadiusstore"), count: hits.count)
    call.reply.integer(hits.count)
    if dividesEquals, edit.tellsEffects { tell(members, at: call.key(target), edit) }
  }

  /// Tells what was stored, in place of how it was chosen.
  private static func tell(_ members: [(member: [UInt8], score: Double)], at target: Key, _ edit: Edit) {
    edit.tellRemovalInstead(target, isLazy: false)
    for first in stride(from: 0, to: members.count, by: Engine.elementsTogether) {
      let part = members[first..<min(first + Engine.elementsTogether, members.count)]
      edit.tellInstead(count: 2 + 2 * part.count) { writer in
        writer.bulk("ZADD")
        writer.bulk(target.bytes)
        for (member, score) in part {
          writer.score(score)
          writer.bulk(member)
        }
      }
    }
  }

  /// Finds the place of the member that an argument names.
  private static func finder(_ call: Call, _ set: SortedSetReader?) -> (Int) -> GeoPoint? {
    { index in set?.score(of: call[index], call.key(index).hash).map { GeoPoint(score: $0) } }
  }

  /// What is found. The limit may divide members that are equally far away: which of them belong to it is then for every
  /// server to choose.
  private static func search(_ set: SortedSetReader?, _ query: Query) -> (hits: [Hit], dividesEquals: Bool) {
    guard let set, let center = query.center, let shape = query.shape else { return ([], false) }
    let area = GeoArea(center: center, shape: shape)
    var hits: [Hit] = []
    let most = query.takesAny ? Int(query.limit) : Int.max
    for range in area.scoreRanges where hits.count < most {
      let first = set.rank(of: .score(range.low, after: false))
      let last = set.rank(of: .score(range.high, after: false))
      set.forEach(in: first..<max(first, last)) { member, score in
        let point = GeoPoint(score: score)
        if let distance = area.distance(of: point) {
          hits.append(Hit(member: member.withBytes { Array($0) }, score: score, point: point, distance: distance))
        }
        return hits.count < most
      }
    }
    // To name the nearest, all have to be in order.
    let isAscending = query.isAscending ?? (query.limit > 0 && !query.takesAny ? true : nil)
    if let isAscending {
      hits.sort { isAscending ? $0.distance < $1.distance : $0.distance > $1.distance }
    }
    guard query.limit > 0, query.limit < hits.count else { return (hits, false) }
    let limit = Int(query.limit)
    return (Array(hits.prefix(limit)), hits[limit - 1].distance == hits[limit].distance)
  }

  private static func answer(_ call: inout Call, _ query: Query, _ hits: [Hit]) {
    let options = [query.withDistance, query.withHash, query.withPlace].count { $0 }
    call.reply.arrayHeader(hits.count)
    for hit in hits {
      if options > 0 { call.reply.arrayHeader(options + 1) }
      call.reply.bulk(hit.member)
      if query.withDistance { call.reply.distance(hit.distance / query.unit) }
      if query.withHash { call.reply.integer(Int(hit.score)) }
      if query.withPlace { call.reply.coordinates(hit.point) }
    }
  }
}
