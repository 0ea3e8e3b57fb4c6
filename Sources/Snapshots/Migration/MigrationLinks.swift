/// The connections that are kept for the next MIGRATE to the same server, as it was named.
struct MigrationLinks {
  struct Kept {
    let link: any MigrationLink
    /// The database that is selected there; nil if that is not known.
    var database: Int64?
    var lastUseSeconds: Int64
  }

  static let limit = 64
  static let idleSeconds: Int64 = 10

  private var kept: [[UInt8]: Kept] = [:]

  var count: Int { kept.count }

  subscript(target: [UInt8]) -> Kept? { kept[target] }

  /// Keeps a connection in the place of the one to this server, or of any one if there are too many.
  mutating func keep(_ link: Kept, _ target: [UInt8]) {
    if kept[target] == nil, kept.count >= Self.limit, let other = kept.keys.randomElement() { kept[other] = nil }
    kept[target] = link
  }

  mutating func close(_ target: [UInt8]) { kept[target] = nil }

  mutating func closeIdle(nowSeconds: Int64) {
    kept = kept.filter { nowSeconds - $0.value.lastUseSeconds <= Self.idleSeconds }
  }
}
