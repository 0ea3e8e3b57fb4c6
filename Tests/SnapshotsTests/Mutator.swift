import TestSupport

/// Makes files wrong in the ways that disks, networks and attackers do.
struct Mutator {
  /// A value in parts, some of which are packed: these are changed from within, their own sizes put right, so that the change
  /// gets past the first look.
  struct Value {
    enum Part {
      case raw([UInt8])
      /// Packed bytes that are a string of the file, and where they say how many they are.
      case packed([UInt8], Kind)
    }
    enum Kind { case ziplist, listpack, zipmap, integers }

    var parts: [Part]

    init(_ parts: Part...) { self.parts = parts }

    var bytes: [UInt8] {
      parts.flatMap { part in
        switch part {
        case .raw(let bytes): bytes
        case .packed(let bytes, _): RDB.string(bytes)
        }
      }
    }
  }

  var random: SeededGenerator

  private mutating func number(_ range: Range<Int>) -> Int { range.isEmpty ? 0 : .random(in: range, using: &random) }

  /// A changed value: from within, from without, or both.
  mutating func mutate(_ value: Value, others: [[UInt8]]) -> [UInt8] {
    var value = value
    let packed = value.parts.indices.filter { if case .packed = value.parts[$0] { true } else { false } }
    if let index = packed.randomElement(using: &random), number(0..<3) > 0,
      case .packed(var blob, let kind) = value.parts[index]
    {
      for _ in 0...number(0..<3) { change(&blob) }
      putRight(&blob, kind)
      value.parts[index] = .packed(blob, kind)
      if number(0..<4) > 0 { return value.bytes }
    }
    var bytes = value.bytes
    for _ in 0...number(0..<3) { change(&bytes) }
    if number(0..<8) == 0, let other = others.randomElement(using: &random) { splice(&bytes, other) }
    return bytes
  }

  /// Sizes, and often counts, as they would have to be.
  private mutating func putRight(_ blob: inout [UInt8], _ kind: Value.Kind) {
    switch kind {
    case .ziplist, .listpack:
      guard blob.count >= 7, number(0..<8) > 0 else { return }
      blob.replaceSubrange(0..<4, with: PackedBlob.littleEndian(Int64(blob.count), 4))
      if number(0..<4) > 0 { blob[blob.count - 1] = 0xff }
      // So many that nobody counted.
      let at = kind == .ziplist ? 8 : 4
      if number(0..<2) == 0, blob.count > at + 1 { blob.replaceSubrange(at..<at + 2, with: [0xff, 0xff]) }
    case .zipmap:
      if !blob.isEmpty, number(0..<2) == 0 { blob[0] = 254 }
    case .integers:
      guard blob.count >= 8, number(0..<2) == 0 else { return }
      let width = [2, 4, 8][number(0..<3)]
      blob.replaceSubrange(0..<4, with: PackedBlob.littleEndian(Int64(width), 4))
      blob.replaceSubrange(4..<8, with: PackedBlob.littleEndian(Int64((blob.count - 8) / width), 4))
    }
  }

  private static let interesting: [UInt8] = [
    0, 1, 2, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0xbf, 0xc0, 0xc1, 0xc2, 0xc3, 0xdf, 0xe0, 0xef, 0xf0, 0xf1, 0xf4, 0xfd, 0xfe,
    0xff,
  ]
  private static let numbers: [UInt64] = [
    0, 1, 0x7f, 0xff, 0xffff, 1 << 31 - 1, 1 << 31, 1 << 32 - 1, 1 << 32, 1 << 47, 1 << 48, 1 << 60, 1 << 63 - 1,
    1 << 63,
    .max - 1, .max,
  ]

  mutating func change(_ bytes: inout [UInt8]) {
    guard !bytes.isEmpty else {
      bytes.append(UInt8(number(0..<256)))
      return
    }
    let at = number(0..<bytes.count)
    switch number(0..<12) {
    case 0, 1: bytes[at] ^= 1 << UInt8(number(0..<8))
    case 2: bytes[at] = UInt8(number(0..<256))
    case 3, 4: bytes[at] = Self.interesting[number(0..<Self.interesting.count)]
    case 5: bytes[at] = bytes[at] &+ UInt8(number(0..<5)) &- 2
    case 6: bytes.insert(UInt8(number(0..<256)), at: at)
    case 7: bytes.removeSubrange(at..<min(bytes.count, at + 1 + number(0..<8)))
    case 8: bytes.removeSubrange(at..<bytes.count)
    case 9: splice(&bytes, bytes)
    case 10:
      let (number, width) = (Self.numbers[number(0..<Self.numbers.count)], [2, 4, 8][number(0..<3)])
      var text = PackedBlob.littleEndian(Int64(bitPattern: number), width)
      if self.number(0..<2) == 0 { text.reverse() }
      for (offset, byte) in text.enumerated() where at + offset < bytes.count { bytes[at + offset] = byte }
    default:
      // A length of 64 bits in place of a short one.
      bytes.replaceSubrange(at..<at + 1, with: RDB.length64(Self.numbers[number(0..<Self.numbers.count)]))
    }
  }

  private mutating func splice(_ bytes: inout [UInt8], _ other: [UInt8]) {
    guard !other.isEmpty else { return }
    let start = number(0..<other.count)
    let piece = other[start..<min(other.count, start + 1 + number(0..<30))]
    let at = number(0..<bytes.count + 1)
    let end = number(0..<2) == 0 ? at : min(bytes.count, at + piece.count)
    bytes.replaceSubrange(at..<end, with: piece)
  }
}
