internal import RESP
internal import VersionedStore

/// VERSION LIST, INFO and STATS.
extension VersionCommands {
  static let list = Command(
    "list", arity: .exactly(2), flags: [.loading, .stale], group: .version, since: "1.0.0",
    complexity: "O(N) with N versions.",
    "Describes all versions, oldest first.",
    .control { call, engine throws(CommandError) in
      let history = engine.keyspace.history
      let sizes = history.allSizes()
      call.reply.arrayHeader(history.versions.count)
      for version in history.versions {
        VersionDescription(version, sizes[version.id]!, parent: history.parent(of: version)).write(to: &call.reply)
      }
    })

  static let info = Command(
    "info", arity: .exactly(3), flags: [.loading, .stale], group: .version, since: "1.0.0",
    "Describes one version, or the live dataset as the version that it would become.",
    .control { call, engine throws(CommandError) in
      let history = engine.keyspace.history
      guard let version = try call.versionOrLive(2) else {
        return VersionDescription(live: history, now: call.now).write(to: &call.reply)
      }
      VersionDescription(version, history.sizes(of: version), parent: history.parent(of: version))
        .write(to: &call.reply)
    })

  static let stats = Command(
    "stats", arity: .exactly(2), flags: [.loading, .stale], group: .version, since: "1.0.0",
    "Tells how many versions there are and what memory is used for.",
    .control { call, engine throws(CommandError) in
      let history = engine.keyspace.history
      let bytes = history.bytes
      let count = history.counts
      call.reply.mapHeader(9)
      call.reply.pair("versions", count.all)
      call.reply.pair("automatic", count.automatic)
      call.reply.pair("held", count.held)
      call.reply.pair("oldest-ms", history.versions.first.map { Int($0.createdMilliseconds) })
      call.reply.pair("lineages", history.lineageCount)
      call.reply.pair("allocated-bytes", history.allocatedBytes)
      call.reply.pair("live-bytes", bytes.live)
      call.reply.pair("version-bytes", bytes.versions)
      call.reply.pair("waiting-bytes", bytes.waiting)
    })
}

/// A version as VERSION LIST and INFO show it: a map in RESP3, a flat array in RESP2.
struct VersionDescription {
  private let id: Int
  private let name: String?
  private let reason: String
  private let parent: Int?
  private let createdMilliseconds: Int64
  private let generation: Generation
  private let lineage: Int
  private let keyCount: Int
  private let sizes: VersionSizes
  private let holds: [String]

  init(_ version: Version, _ sizes: VersionSizes, parent: Int?) {
    id = version.id
    name = version.name
    reason = version.reason
    self.parent = parent
    createdMilliseconds = version.createdMilliseconds
    generation = version.generation
    lineage = version.lineage
    keyCount = version.keyCount
    self.sizes = sizes
    holds = version.holds
  }

  /// The live dataset goes by the id 0, which no version has.
  init(live history: History, now: Int64) {
    id = 0
    name = "LIVE"
    reason = "live"
    parent = history.liveParent
    createdMilliseconds = now
    generation = history.liveGeneration
    lineage = history.live.lineage
    keyCount = (0..<history.live.databaseCount).reduce(0) { $0 + history.live.keyCount($1) }
    sizes = history.liveSizes
    holds = []
  }

  func write(to reply: inout ReplyWriter) {
    reply.mapHeader(12)
    reply.pair("id", id)
    reply.bulk("name")
    if let name { reply.bulk(name) } else { reply.null() }
    reply.bulk("reason")
    reply.bulk(reason)
    reply.pair("parent", parent)
    reply.pair("created-ms", Int(createdMilliseconds))
    reply.pair("generation", Int(generation.rawValue))
    reply.pair("lineage", lineage)
    reply.pair("keys", keyCount)
    reply.pair("referenced-bytes", sizes.referenced)
    reply.pair("unique-bytes", sizes.unique)
    reply.pair("written-bytes", sizes.written)
    reply.bulk("held")
    reply.arrayHeader(holds.count)
    for tag in holds { reply.bulk(tag) }
  }
}

extension ReplyWriter {
  /// One field of a map whose value is a number, or absent.
  fileprivate mutating func pair(_ field: StaticString, _ number: Int?) {
    bulk(field)
    if let number { integer(number) } else { null() }
  }
}

extension History {
  var counts: (all: Int, automatic: Int, held: Int) {
    (versions.count, versions.count { $0.isAutomatic }, versions.count { !$0.holds.isEmpty })
  }
}
