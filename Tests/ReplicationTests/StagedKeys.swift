import Snapshots
import VersionedStore

/// A staged dataset in a dictionary: `"0 key"` for key `key` of database 0.
struct StagedKeys: SnapshotSink {
  var keys: [String: String] = [:]
  private var database: UInt64 = 0

  mutating func auxiliary(name: Bytes, value: Bytes) {}
  mutating func select(database: UInt64) throws(SinkRefusal) {
    guard database < 16 else { throw .databaseOutOfRange(databaseCount: 16) }
    self.database = database
  }
  mutating func announce(keys: UInt64, expiring: UInt64) {}
  mutating func value(_ event: SnapshotEvent) throws(SinkRefusal) { throw .invalidElement }
  mutating func functionLibrary(_ source: Bytes) {}
  mutating func string(key: Bytes, value: Bytes, expiryMilliseconds: Int64?, access: AccessHint) {
    keys["\(database) \(String(decoding: key, as: UTF8.self))"] = String(decoding: value, as: UTF8.self)
  }
}
