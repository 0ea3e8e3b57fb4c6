import TestSupport
import Testing
import Values

@testable import VersionedStore

/// Strings around the length from which on they have chunks, against plain arrays: in the live dataset, and in every version
/// that was kept on the way.
@Suite struct StringEditorTests {
  private static let key = Array("k".utf8)

  private static func read(_ root: Root) -> [UInt8]? {
    key.withBytes { root.find(0, $0, root.hash($0)).map { StringReader($0).array } }
  }

  @Test func everyVersionKeepsItsString() throws {
    var generator = SeededGenerator()
    let history = History(live: Dataset(databases: 1, lineage: 1))
    let dataset = history.live
    var model: [UInt8]?
    var kept: [(version: Version, string: [UInt8]?)] = []
    for _ in 0..<250 {
      if generator.oneIn(4) {
        kept.append((try history.create(reason: "test", atMilliseconds: 0), model))
      }
      Self.key.withBytes { key in
        let place = Place(dataset, database: 0, key: key, hash: dataset.hash(key), accessClock: 0)
        model = Self.write(place, model, &generator)
      }
      #expect(Self.read(dataset.head) == model, "\(generator)")
      let entry = Self.key.withBytes { dataset.head.find(0, $0, dataset.hash($0)) }
      #expect((entry?.tag == ValueTag.chunked) == (model?.count ?? 0 > StringForm.wholeLimit), "\(generator)")
    }
    for (version, string) in kept { #expect(Self.read(history.root(of: version)) == string, "\(generator)") }
    while !history.reclaim(limit: 10_000) {}
    #expect(dataset.invariantViolations().isEmpty, "\(generator)")
    try history.drop(kept.map(\.version.id).shuffled())
    while !history.reclaim(limit: 10_000) {}
    #expect(Self.read(dataset.head) == model, "\(generator)")
    #expect(dataset.invariantViolations().isEmpty, "\(generator)")
  }

  private static func border(_ generator: inout SeededGenerator) -> Int {
    let borders = [0, StringForm.wholeLimit] + (1...7).map { $0 * StringForm.chunkByteCount }
    return max(borders.randomElement(using: &generator)! + Int.random(in: -3...3, using: &generator), 0)
  }

  /// One write to the string at `place` and to its model.
  private static func write(_ place: Place, _ former: [UInt8]?, _ generator: inout SeededGenerator) -> [UInt8]? {
    let count = generator.oneIn(4) ? border(&generator) : Int.random(in: 0...30, using: &generator)
    let piece = generator.bytes(count: count)
    var model = former ?? []
    var editor = StringEditor(place, place.entry)
    switch Int.random(in: 0..<20, using: &generator) {
    case 0:
      place.remove()
      return nil
    case 1:
      piece.withBytes { StringEditor.put($0, at: place, expiry: nil) }
      return piece
    case 2:
      let number = Array("\(Int16.random(in: .min ... .max, using: &generator))".utf8)
      number.withBytes { StringEditor.put($0, at: place, expiry: 1 << 50) }
      return number
    case 3:
      piece.withBytes { StringEditor.put(raw: $0, at: place, expiry: 1 << 50) }
      return piece
    case 4..<9:
      piece.withBytes { editor.append($0) }
      model += piece
    case 9..<12:
      let length = border(&generator)
      editor.extend(to: length)
      if length > model.count { model += [UInt8](repeating: 0, count: length - model.count) }
    case 12..<15 where !model.isEmpty:
      for _ in 0..<3 {
        let index = min(border(&generator), model.count - 1)
        editor.set(0xa5, at: index)
        model[index] = 0xa5
      }
    default:
      let offset = border(&generator)
      piece.withBytes { editor.replace(at: offset, with: $0) }
      let end = offset + piece.count
      if end > model.count { model += [UInt8](repeating: 0, count: end - model.count) }
      model.replaceSubrange(offset..<end, with: piece)
    }
    #expect(editor.count == model.count, "\(generator)")
    #expect(editor.reader.array == model, "\(generator)")
    return model
  }

  @Test func partsAreThoseOfAnArray() throws {
    var generator = SeededGenerator()
    let dataset = Dataset(databases: 1, lineage: 1)
    for count in [20, StringForm.wholeLimit, StringForm.wholeLimit + 1, 100_000] {
      let text = generator.bytes(count: count)
      let entry = Self.key.withBytes { key in
        let place = Place(dataset, database: 0, key: key, hash: dataset.hash(key), accessClock: 0)
        text.withBytes { StringEditor.put($0, at: place, expiry: nil) }
        return place.entry
      }
      let string = StringReader(try #require(entry))
      #expect(string.count == count)
      #expect(string.byte(at: -1) == nil && string.byte(at: count) == nil)
      for _ in 0..<30 {
        let ends = [border(), border()].map { min($0, count) }.sorted()
        let range = ends[0]..<ends[1]
        #expect(string.array(in: range) == Array(text[range]), "\(range), \(generator)")
        #expect(string.withBytes(in: range) { Array($0) } == Array(text[range]), "\(range), \(generator)")
        if range.lowerBound < count { #expect(string.byte(at: range.lowerBound) == text[range.lowerBound]) }
      }
      func border() -> Int { Self.border(&generator) }
    }
  }
}
