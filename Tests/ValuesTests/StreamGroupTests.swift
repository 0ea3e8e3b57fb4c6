import TestSupport
import Testing
import Values
import VersionedStore

/// Who a pending entry belongs to, in a group with many consumers, against a plain dictionary. Names whose hashes collide
/// are told apart.
@Suite struct StreamGroupTests {
  private static let masks: [UInt64] = [.max, 1 << 63 | 7, 1, 0]

  @Test(arguments: masks) func pendingEntriesOfManyConsumers(mask: UInt64) throws {
    var random = SeededGenerator()
    let dataset = Dataset(databases: 1, lineage: 1, hashKey: HashKey(k0: 1, k1: 2, mask: mask))
    let key = Array("stream".utf8)
    var owners: [UInt64: Int] = [:]
    var consumers: Set<Int> = []
    try key.withBytes { key in
      let place = Place(dataset, database: 0, key: key, hash: dataset.hash(key), accessClock: 0)
      let stream = StreamEditor(place, EncodingLimits())
      let name = Array("group".utf8)
      let group = try #require(name.withBytes { stream.createGroup($0, .least, entriesRead: nil) })
      for _ in 0..<5000 {
        let (id, consumer) = (
          UInt64.random(in: 1...200, using: &random), Int.random(in: 0..<40, using: &random)
        )
        switch Int.random(in: 0..<20, using: &random) {
        case 0:
          let expected = consumers.remove(consumer).map { _ in owners.values.count { $0 == consumer } }
          #expect(Self.name(consumer).withBytes { group.removeConsumer($0) } == expected)
          owners = owners.filter { $0.value != consumer }
        case 1..<6:
          #expect(group.removePending(StreamID(id, 0)) == (owners.removeValue(forKey: id) != nil))
        default:
          let (number, isNew) = Self.name(consumer).withBytes { group.touchConsumer($0, seen: 1) }
          #expect(isNew == consumers.insert(consumer).inserted)
          group.setPending(.init(id: StreamID(id, 0), delivered: 1, count: 1, consumer: number))
          owners[id] = consumer
        }
      }
      let reader = group.reader
      #expect(Set(reader.consumers.map(\.consumer.number)).count == consumers.count, "\(random)")
      #expect(reader.consumers.map(\.name) == consumers.map(Self.name).sorted { $0.lexicographicallyPrecedes($1) })
      for (name, consumer) in reader.consumers {
        var ids: [UInt64] = []
        consumer.pending.forEach { record in
          ids.append(record.id.milliseconds)
          return true
        }
        #expect(ids == owners.filter { Self.name($0.value) == name }.keys.sorted(), "\(random)")
        for id in ids { #expect(reader.pending.find(StreamID(id, 0))?.consumer == consumer.number, "\(random)") }
      }
      #expect(reader.pending.count == owners.count, "\(random)")
    }
  }

  private static func name(_ consumer: Int) -> [UInt8] { Array("consumer \(consumer)".utf8) }
}
