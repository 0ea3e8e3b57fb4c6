import TestSupport
import Testing
import VersionedStore

@testable import Engine

/// The tables behind client-side caching, against plain dictionaries.
struct TrackingTablesTests {
  @Test func trackedKeysEqualADictionaryOfSets() {
    var generator = SeededGenerator(seed: 7)
    var table = TrackedKeys()
    var model: [[UInt8]: Set<Int>] = [:]
    var gone: Set<Int> = []
    for step in 0..<20_000 {
      let key = Array("key\(Int.random(in: 0..<40, using: &generator))".utf8)
      switch Int.random(in: 0..<100, using: &generator) {
      case 0..<80:
        let id = step / 100 + Int.random(in: 0..<20, using: &generator)
        gone.remove(id)
        key.withBytes { table.insert($0, id) { !gone.contains($0) } }
        model[key, default: []].insert(id)
      case 80..<90:
        let ids = key.withBytes { table.remove($0) }
        let expected = model.removeValue(forKey: key) ?? []
        #expect(ids == ids.sorted())
        // Some of those that are gone may have been swept out.
        #expect(Set(ids).isSubset(of: expected))
        #expect(expected.subtracting(ids).isSubset(of: gone))
      case 90..<95:
        if let (key, ids) = table.removeAny(generator.next()) {
          let expected = model.removeValue(forKey: key) ?? []
          #expect(Set(ids).isSubset(of: expected))
        } else {
          #expect(model.isEmpty)
        }
      default:
        gone.insert(step / 100 - Int.random(in: 1..<50, using: &generator))
      }
      #expect(table.count == model.count)
    }
    var ids = 0
    while let item = table.removeAny(generator.next()) { ids += item.ids.count }
    #expect(table.idCount == 0 && table.count == 0)
    #expect(ids > 0)
  }

  @Test func prefixesEqualAWalkThroughAll() {
    var generator = SeededGenerator(seed: 8)
    var table = BroadcastPrefixes()
    var model: [[UInt8]: Set<Int>] = [:]
    func word() -> [UInt8] {
      (0..<Int.random(in: 0..<4, using: &generator)).map { _ in UInt8.random(in: 97...98, using: &generator) }
    }
    for _ in 0..<2000 {
      let (prefix, id) = (word(), Int.random(in: 1..<5, using: &generator))
      if Bool.random(using: &generator) {
        table.insert(prefix, id)
        model[prefix, default: []].insert(id)
      } else {
        table.remove(prefix, id)
        model[prefix]?.remove(id)
        if model[prefix]?.isEmpty == true { model[prefix] = nil }
      }
      #expect(table.count == model.count)
      var changes: [[UInt8]: Int] = [:]
      for _ in 0..<3 {
        let (key, writer) = (word(), Int.random(in: 0..<5, using: &generator))
        key.withBytes { table.note($0, writer: writer) }
        changes[key] = writer
      }
      var expected: [String] = []
      for (prefix, ids) in model.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
        let keys = changes.filter { $0.key.starts(with: prefix) }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        if !keys.isEmpty { expected.append("\(ids.sorted()) \(keys.map { "\($0.key):\($0.value)" })") }
      }
      let actual = table.takeChanges().map { message in
        "\(message.ids) \(message.changes.map { "\($0.key):\($0.writer)" })"
      }
      #expect(actual == expected)
      #expect(!table.hasChanges)
    }
  }
}
