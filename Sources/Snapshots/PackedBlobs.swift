internal import Values
internal import VersionedStore

/// A listpack: its size in bytes (u32), the number of elements (u16, 65535 for more), the elements, 255.
enum Listpack {
  /// The elements and how many they are; nil for bytes that are no listpack.
  static func elements(_ blob: Bytes) -> (elements: Bytes, count: Int)? {
    guard blob.count >= 7, blob.littleEndian(at: 0, as: UInt32.self) == blob.count, blob[blob.count - 1] == 0xff else {
      return nil
    }
    let elements = blob[6..<blob.count - 1]
    guard let count = PackedElements.validate(elements) else { return nil }
    let claimed = Int(blob.littleEndian(at: 4, as: UInt16.self))
    return claimed == 0xffff || claimed == count ? (elements, count) : nil
  }
}

/// A ziplist, the form before the listpack: its size in bytes (u32), where the last entry begins (u32), the number of
/// entries (u16, 65535 for more), the entries, 255. An entry begins with the length of the one before it.
enum Ziplist {
  /// The entries as packed elements; nil for bytes that are no ziplist.
  static func elements(_ blob: Bytes) -> (elements: [UInt8], count: Int)? {
    guard blob.count >= 11, blob.littleEndian(at: 0, as: UInt32.self) == blob.count, blob[blob.count - 1] == 0xff else {
      return nil
    }
    let end = blob.count - 1
    var (at, former, last, count) = (10, 0, 10, 0)
    var elements: [UInt8] = []
    elements.reserveCapacity(blob.count)
    while at < end {
      guard let (value, next) = entry(blob, at, end, former) else { return nil }
      Packed.withEncoded(value) { elements.append(contentsOf: $0) }
      (former, last, at) = (next - at, at, next)
      count += 1
    }
    let claimed = Int(blob.littleEndian(at: 8, as: UInt16.self))
    guard at == end, claimed == 0xffff || claimed == count, blob.littleEndian(at: 4, as: UInt32.self) == last else {
      return nil
    }
    return (elements, count)
  }

  /// The entry at `at`, behind one of `former` bytes, and where the next one begins.
  private static func entry(_ blob: Bytes, _ at: Int, _ end: Int, _ former: Int) -> (StoredValue, next: Int)? {
    var at = at
    if blob[at] == 0xfe {
      guard end - at >= 5, Int(blob.littleEndian(at: at + 1, as: UInt32.self)) == former else { return nil }
      at += 5
    } else {
      guard Int(blob[at]) == former else { return nil }
      at += 1
    }
    guard at < end else { return nil }
    let first = blob[at]
    let left = end - at
    func text(_ header: Int, _ count: Int) -> (StoredValue, next: Int)? {
      guard count <= left - header else { return nil }
      return (.bytes(blob[at + header..<at + header + count]), at + header + count)
    }
    func integer<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) -> (StoredValue, next: Int)? {
      guard left > MemoryLayout<T>.size else { return nil }
      return (.word(Int64(blob.littleEndian(at: at + 1, as: type))), at + 1 + MemoryLayout<T>.size)
    }
    switch first {
    case 0x00...0x3f: return text(1, Int(first))
    case 0x40...0x7f: return left < 2 ? nil : text(2, Int(first & 0x3f) << 8 | Int(blob[at + 1]))
    case 0x80: return left < 5 ? nil : text(5, Int(blob.bigEndian(at: at + 1, as: UInt32.self)))
    case 0xc0: return integer(Int16.self)
    case 0xd0: return integer(Int32.self)
    case 0xe0: return integer(Int64.self)
    case 0xf0:
      guard left > 3 else { return nil }
      let bits = UInt32(blob[at + 1]) << 8 | UInt32(blob[at + 2]) << 16 | UInt32(blob[at + 3]) << 24
      return (.word(Int64(Int32(bitPattern: bits) >> 8)), at + 4)
    case 0xfe: return integer(Int8.self)
    case 0xf1...0xfd: return (.word(Int64(first & 0xf) - 1), at + 1)
    default: return nil
    }
  }
}

/// A zipmap, the form of small hashes before Redis 2.6: the number of fields (254 for more), then for each its length, the
/// field, the length of the value, a number of unused bytes, the value, the unused bytes; 255 at the end. Lengths from 254
/// on stand behind a 254, in 32 bits.
enum Zipmap {
  /// Fields and values as packed elements; nil for bytes that are no zipmap.
  static func elements(_ blob: Bytes) -> (elements: [UInt8], count: Int)? {
    guard blob.count >= 2, blob[blob.count - 1] == 0xff else { return nil }
    let end = blob.count - 1
    var (at, count) = (1, 0)
    var elements: [UInt8] = []
    while at < end {
      guard let field = length(blob, &at, end), field <= end - at else { return nil }
      Packed.withEncoded(blob[at..<at + field]) { elements.append(contentsOf: $0) }
      at += field
      guard let value = length(blob, &at, end), at < end else { return nil }
      let unused = Int(blob[at])
      at += 1
      guard value + unused <= end - at else { return nil }
      Packed.withEncoded(blob[at..<at + value]) { elements.append(contentsOf: $0) }
      at += value + unused
      count += 2
    }
    let claimed = Int(blob[0])
    return claimed >= 254 || claimed * 2 == count ? (elements, count) : nil
  }

  private static func length(_ blob: Bytes, _ at: inout Int, _ end: Int) -> Int? {
    guard at < end, blob[at] != 0xff else { return nil }
    let first = blob[at]
    at += 1
    if first < 254 { return Int(first) }
    guard end - at >= 4 else { return nil }
    defer { at += 4 }
    return Int(blob.littleEndian(at: at, as: UInt32.self))
  }
}
