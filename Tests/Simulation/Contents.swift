import Values
import VersionedStore

@testable import Engine
@testable import Replication

/// All that a server holds: a digest of each key's value, and when the key expires.
struct Contents {
  private var keys: [String: String] = [:]

  init(_ life: Life) {
    let root = life.engine.keyspace.live.head
    for database in 0..<root.databaseCount {
      root.forEach(database) { entry in
        let name = "\(database) \(String(decoding: Array(entry.key), as: UTF8.self))"
        let expiry = entry.expiry.map { "\($0)" } ?? "never"
        keys[name] = "\(entry.type) \(DatasetDigest.text(DatasetDigest.digest(of: entry))) expires \(expiry)"
        return true
      }
    }
  }

  /// The first keys in which they differ; nil if they do not.
  func difference(from other: Contents) -> String? {
    let names = Set(keys.keys).union(other.keys.keys).sorted().filter { keys[$0] != other.keys[$0] }
    if names.isEmpty { return nil }
    return names.prefix(3).map { "\($0): \(other.keys[$0] ?? "nothing") for \(keys[$0] ?? "nothing")" }
      .joined(separator: "; ")
  }
}

extension Life {
  /// Whether all that another server has written has come here.
  func follows(_ primary: Life) -> Bool {
    controller.link?.status.state == .streaming && controller.historyID == primary.controller.historyID
      && controller.offset == primary.controller.offset
  }

  var state: String {
    let status = controller.link?.status
    return
      "\(status.map { "\($0.state), \($0.lastError.map { "\($0)" } ?? "no error")" } ?? "no link"), \(controller.historyID):\(controller.offset)"
  }
}
