internal import Glibc
internal import RESP
internal import Values
internal import VersionedStore

/// Places as members of sorted sets, their scores geohashes of 52 bits. Behaviour and reply texts follow Redis 7.0.
enum GeoCommands {
  static let all = [geoadd, geopos, geodist, geohash] + searching

  static let geoadd = Command(
    "geoadd", arity: .atLeast(5), flags: [.write, .denyOOM], categories: [.geo], keys: [.one([.readWrite, .update])],
    group: .geo, since: "3.2.0", complexity: "O(log(N)) for each member, with N in the set.",
    "Adds members with their places.",
    .write { call, edit throws(CommandError) in
      var (onlyNew, onlyThere, countsChanges, index) = (false, false, false, 2)
      while index < call.count {
        if call.matches(index, "nx") {
          onlyNew = true
        } else if call.matches(index, "xx") {
          onlyThere = true
        } else if call.matches(index, "ch") {
          countsChanges = true
        } else {
          break
        }
        index += 1
      }
      guard (call.count - index) % 3 == 0, !(onlyNew && onlyThere) else { throw .syntax }
      var places: [(member: Int, score: Double)] = []
      while index < call.count {
        places.append((index + 2, try call.place(index).score))
        index += 3
      }
      guard !places.isEmpty else { throw .syntax }
      let optionsEnd = places[0].member - 2
      let key = call.key(1)
      let editor = try edit.sortedSet(key)
      if !onlyThere, edit.find(key, quietly: true) == nil { edit.created(key) }
      var (added, changed) = (0, 0)
      for (member, score) in places {
        let former = editor.score(of: call[member])
        if former == nil ? onlyThere : onlyNew || former == score { continue }
        editor.set(call[member], score, former: former)
        if former == nil { added += 1 } else { changed += 1 }
      }
      if added + changed > 0 {
        edit.changed(key, .sortedSet("zadd"), count: added + changed)
        if edit.tellsEffects { tell(call, edit, places, optionsEnd: optionsEnd) }
      }
      call.reply.integer(countsChanges ? added + changed : added)
    })

  /// Told as the ZADD that it is.
  private static func tell(
    _ call: borrowing Call, _ edit: Edit, _ places: [(member: Int, score: Double)], optionsEnd: Int
  ) {
    let arguments = call.arguments(from: 0)
    edit.tellInstead(count: optionsEnd + 2 * places.count) { writer in
      writer.bulk("zadd")
      writer.arguments(arguments, 1..<optionsEnd)
      for (member, score) in places {
        writer.bulk(Int(score))
        writer.bulk(arguments[member])
      }
    }
  }

  static let geopos = Command(
    "geopos", arity: .atLeast(2), flags: [.readOnly], categories: [.geo], keys: [.one([.readOnly, .access])],
    group: .geo, since: "3.2.0", complexity: "O(N) for N members.", "Answers with the places of members.",
    .read { call, view throws(CommandError) in
      let set = try view.sortedSet(call.key(1))
      call.reply.arrayHeader(call.count - 2)
      for index in 2..<call.count {
        if let score = set?.score(of: call[index], view.root.hash(call[index])) {
          call.reply.coordinates(GeoPoint(score: score))
        } else {
          call.reply.nullArray()
        }
      }
    })

  static let geodist = Command(
    "geodist", arity: .atLeast(4), flags: [.readOnly], categories: [.geo], keys: [.one([.readOnly, .access])],
    group: .geo, since: "3.2.0", "Answers with the distance between two members.",
    .read { call, view throws(CommandError) in
      guard call.count <= 5 else { throw .syntax }
      let unit = call.count == 5 ? try call.unit(4) : 1
      guard let set = try view.sortedSet(call.key(1)), let first = set.score(of: call[2], view.root.hash(call[2])),
        let second = set.score(of: call[3], view.root.hash(call[3]))
      else { return call.reply.null() }
      call.reply.distance(GeoPoint(score: first).distance(to: GeoPoint(score: second)) / unit)
    })

  static let geohash = Command(
    "geohash", arity: .atLeast(2), flags: [.readOnly], categories: [.geo], keys: [.one([.readOnly, .access])],
    group: .geo, since: "3.2.0", complexity: "O(N) for N members.", "Answers with the common geohashes of members.",
    .read { call, view throws(CommandError) in
      let set = try view.sortedSet(call.key(1))
      call.reply.arrayHeader(call.count - 2)
      for index in 2..<call.count {
        if let score = set?.score(of: call[index], view.root.hash(call[index])) {
          call.reply.bulk(GeoPoint(score: score).geohashText)
        } else {
          call.reply.null()
        }
      }
    })
}

extension Call {
  /// Two arguments from `index` on as longitude and latitude.
  mutating func place(_ index: Int) throws(CommandError) -> GeoPoint {
    let (x, y) = (try score(index), try score(index + 1))
    guard GeoPoint.longitudes.contains(x), GeoPoint.latitudes.contains(y) else {
      throw refuse("ERR invalid longitude,latitude pair \(Self.sixDecimals(x)),\(Self.sixDecimals(y))")
    }
    return GeoPoint(longitude: x, latitude: y)
  }

  /// As C's `%f` prints it.
  private static func sixDecimals(_ number: Double) -> String {
    var text = [CChar](repeating: 0, count: 330)
    let count = unsafe withVaList([number]) { unsafe vsnprintf(&text, text.count, "%f", $0) }
    return String(decoding: text.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Argument `index` as a unit of length: the meters that it has.
  mutating func unit(_ index: Int) throws(CommandError) -> Double {
    if matches(index, "m") { return 1 }
    if matches(index, "km") { return 1000 }
    if matches(index, "ft") { return 0.3048 }
    if matches(index, "mi") { return 1609.34 }
    throw refuse("ERR unsupported unit provided. please use M, KM, FT, MI")
  }

  fileprivate mutating func length(_ index: Int, _ error: StaticString) throws(CommandError) -> Double {
    guard let length = Double(text: self[index]) else { throw refuse(error) }
    return length
  }

  /// Two arguments from `index` on as a radius: in its unit's terms, and the unit.
  mutating func radius(_ index: Int) throws(CommandError) -> (radius: Double, unit: Double) {
    let radius = try length(index, "ERR need numeric radius")
    guard radius >= 0 else { throw refuse("ERR radius cannot be negative") }
    return (radius, try unit(index + 1))
  }

  /// Three arguments from `index` on as width and height.
  mutating func box(_ index: Int) throws(CommandError) -> (width: Double, height: Double, unit: Double) {
    let width = try length(index, "ERR need numeric width")
    let height = try length(index + 1, "ERR need numeric height")
    guard width >= 0, height >= 0 else { throw refuse("ERR height or width cannot be negative") }
    return (width, height, try unit(index + 2))
  }
}

extension ReplyWriter {
  mutating func coordinates(_ point: GeoPoint) {
    arrayHeader(2)
    for number in [point.longitude, point.latitude] { human(number) }
  }

  /// A number with up to 17 digits behind the point; as text in RESP2.
  private mutating func human(_ number: Double) {
    guard let text = FloatText(human: Float80(number)) else { return double(number) }
    if version == .resp2 {
      text.withBytes { bulk($0) }
    } else {
      append(UInt8(ascii: ","))
      text.withBytes { for byte in $0 { append(byte) } }
      lineEnd()
    }
  }

  /// With four digits behind the point.
  mutating func distance(_ distance: Double) {
    let scaled = (distance * 10_000).rounded(.toNearestOrEven)
    let units = scaled.magnitude < 9e18 ? Int64(scaled) : 0
    bulk("\(units / 10_000).\(String(10_000 + units % 10_000).dropFirst())")
  }
}
