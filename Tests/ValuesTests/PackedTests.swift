import TestSupport
import Testing
import Values
import VersionedStore

/// The elements of compact values: what is written is read again, forwards and backwards, and nothing else passes.
@Suite struct PackedTests {
  @Test func whatIsWrittenIsRead() throws {
    var generator = SeededGenerator()
    for _ in 0..<200 {
      let elements = (0..<Int.random(in: 0..<40, using: &generator)).map { _ in Self.element(&generator) }
      let bytes = Self.encoded(elements)
      #expect(bytes.withBytes { PackedElements.validate($0) } == elements.count, "\(generator)")
      bytes.withBytes { run in
        let packed = PackedElements(run)
        var (at, places) = (0, [Int]())
        for element in elements {
          places.append(at)
          let (value, next) = packed.element(at: at)
          #expect(value.withBytes { Array($0) } == element, "\(generator)")
          #expect(element.withBytes { packed.matches($0, at: at) }, "\(generator)")
          #expect(next - at == element.withBytes { Packed.encodedByteCount($0) }, "\(generator)")
          at = next
        }
        #expect(at == run.count)
        places.append(at)
        for index in places.indices {
          #expect(packed.previous(before: places[index]) == (index == 0 ? nil : places[index - 1]), "\(generator)")
          #expect(packed.offset(ofIndex: index, count: elements.count) == places[index], "\(generator)")
        }
        for (index, element) in elements.enumerated() where elements.firstIndex(of: element) == index {
          #expect(element.withBytes { packed.find($0) } == places[index], "\(generator)")
        }
      }
    }
  }

  /// A changed byte is found out, or leaves elements that can be read to their end.
  @Test func damageIsFoundOrHarmless() throws {
    var generator = SeededGenerator()
    for _ in 0..<3000 {
      var bytes = Self.encoded((0..<6).map { _ in Self.element(&generator) })
      guard !bytes.isEmpty else { continue }
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      if generator.oneIn(4) { bytes.removeLast(Int.random(in: 0...bytes.count, using: &generator)) }
      bytes.withBytes { run in
        guard let count = PackedElements.validate(run) else { return }
        let packed = PackedElements(run)
        var (at, met) = (0, 0)
        while at < packed.end {
          at = packed.element(at: at).next
          met += 1
        }
        #expect(met == count && at == run.count, "\(generator)")
      }
    }
  }

  private static func encoded(_ elements: [[UInt8]]) -> [UInt8] {
    elements.flatMap { $0.withBytes { Packed.withEncoded($0) { Array($0) } } }
  }

  private static func element(_ generator: inout SeededGenerator) -> [UInt8] {
    switch Int.random(in: 0..<10, using: &generator) {
    case 0..<4:
      let bits = Int64.random(in: 0..<64, using: &generator)
      return Array("\(Int64.random(in: .min ... .max, using: &generator) >> bits)".utf8)
    case 4: return generator.bytes(count: Int.random(in: 60..<70, using: &generator))
    case 5: return generator.bytes(count: Int.random(in: 120..<300, using: &generator))
    case 6: return generator.oneIn(10) ? generator.bytes(count: Int.random(in: 4090..<20_000, using: &generator)) : []
    default: return generator.bytes(count: Int.random(in: 0..<30, using: &generator))
    }
  }
}
