public import VersionedStore

/// Elements one behind the other, to be read; see `Packed` for the format. They were validated before they were stored.
///
/// A place among them is an offset in `bytes`; the end is `bytes.count`.
@safe @frozen
public struct PackedElements {
  public let bytes: Bytes
  /// Where the first element stands.
  public let start: Int

  @inlinable @inline(__always)
  public init(_ bytes: Bytes, start: Int = 0) {
    self.bytes = bytes
    self.start = start
  }

  /// The place behind the last element.
  @inlinable @inline(__always)
  public var end: Int { bytes.count }

  /// Where the parts of the element at `offset` stand: its content, and the next element.
  @inlinable @inline(__always)
  func layout(at offset: Int) -> (content: Range<Int>, next: Int) {
    let first = bytes[offset]
    let content: Range<Int>
    if first < 0x80 {
      content = offset..<offset &+ 1
    } else if first < 0xc0 {
      content = offset &+ 1..<offset &+ 1 &+ Int(first & 0x3f)
    } else if first < 0xe0 {
      content = offset..<offset &+ 2
    } else if first < 0xf0 {
      content = offset &+ 2..<offset &+ 2 &+ (Int(first & 0xf) &<< 8 | Int(bytes[offset &+ 1]))
    } else if first == 0xf0 {
      content = offset &+ 5..<offset &+ 5 &+ Int(bytes.littleEndian(at: offset &+ 1, as: UInt32.self))
    } else {
      content = offset &+ 1..<offset &+ (first == 0xf4 ? 9 : Int(first) &- 0xee)
    }
    let length = content.upperBound &- offset
    return (content, content.upperBound &+ Packed.backlengthByteCount(length))
  }

  /// The element at `offset`, and where the next one stands.
  @inlinable @inline(__always)
  public func element(at offset: Int) -> (value: StoredValue, next: Int) {
    let (content, next) = layout(at: offset)
    let first = bytes[offset]
    if first & 0xc0 == 0x80 || first & 0xf0 == 0xe0 || first == 0xf0 { return (.bytes(bytes[content]), next) }
    return (.word(integer(first, content)), next)
  }

  @usableFromInline
  func integer(_ first: UInt8, _ content: Range<Int>) -> Int64 {
    let start = content.lowerBound
    if first < 0x80 { return Int64(first) }
    if first < 0xe0 {
      let bits = Int64(first & 0x1f) << 8 | Int64(bytes[start + 1])
      return bits < 4096 ? bits : bits - 8192
    }
    var bits: UInt64 = 0
    for index in 0..<content.count { bits |= UInt64(bytes[start + index]) << UInt64(8 * index) }
    let unused = UInt64(64 - 8 * content.count)
    return Int64(bitPattern: bits << unused) >> Int64(unused)
  }

  /// Where the element behind the one at `offset` stands.
  @inlinable @inline(__always)
  public func next(after offset: Int) -> Int { layout(at: offset).next }

  /// Where the element before `offset` stands, which may be the end; nil at the start.
  @inlinable
  public func previous(before offset: Int) -> Int? {
    guard offset > start else { return nil }
    var (length, shift, at) = (0, 0, offset &- 1)
    while true {
      length |= Int(bytes[at] & 0x7f) &<< shift
      if bytes[at] & 0x80 == 0 { break }
      shift &+= 7
      at &-= 1
    }
    return at &- length
  }

  /// Whether the element at `offset` is this text.
  @inlinable @inline(__always)
  public func matches(_ needle: Bytes, at offset: Int) -> Bool {
    switch element(at: offset).value {
    case .bytes(let bytes): bytes == needle
    case .word(let word): Packed.integer(needle) == word
    }
  }

  /// Where the first element from `offset` on stands that is this text; of so many elements only the first is looked at.
  @inlinable
  public func find(_ needle: Bytes, from offset: Int? = nil, every stride: Int = 1) -> Int? {
    let integer = Packed.integer(needle)
    var at = offset ?? start
    while at < end {
      let (value, next) = element(at: at)
      switch value {
      case .bytes(let bytes): if bytes == needle { return at }
      case .word(let word): if word == integer { return at }
      }
      at = next
      for _ in 1..<max(stride, 1) where at < end { at = self.next(after: at) }
    }
    return nil
  }

  /// Where element number `index` stands, the end at the number of all. With `count`, the number of all, the walk begins
  /// at the nearer end.
  @inlinable
  public func offset(ofIndex index: Int, count: Int) -> Int {
    if index <= count / 2 {
      var at = start
      for _ in 0..<index { at = next(after: at) }
      return at
    }
    var at = end
    for _ in index..<count { at = previous(before: at) ?? start }
    return at
  }

  /// The number of elements in bytes that nobody has vouched for, if they are elements and nothing else: every encoding
  /// known, every length within bounds and written once more behind it. Nil otherwise.
  public static func validate(_ bytes: Bytes, start: Int = 0) -> Int? {
    var (at, count) = (start, 0)
    guard start >= 0, start <= bytes.count else { return nil }
    while at < bytes.count {
      guard let body = bodyByteCount(bytes, at), body <= bytes.count - at else { return nil }
      let size = Packed.backlengthByteCount(body)
      guard size <= bytes.count - at - body, hasBacklength(bytes, at + body, body, size) else { return nil }
      at += body + size
      count += 1
    }
    return count
  }

  /// Bytes of the element at `at` without the length behind it; nil if its head is cut off or unknown.
  private static func bodyByteCount(_ bytes: Bytes, _ at: Int) -> Int? {
    let left = bytes.count - at
    switch bytes[at] {
    case 0x00...0x7f: return 1
    case 0x80...0xbf: return 1 + Int(bytes[at] & 0x3f)
    case 0xc0...0xdf: return 2
    case 0xe0...0xef: return left < 2 ? nil : 2 + (Int(bytes[at] & 0xf) << 8 | Int(bytes[at + 1]))
    case 0xf0: return left < 5 ? nil : 5 + Int(bytes.littleEndian(at: at + 1, as: UInt32.self))
    case 0xf1: return 3
    case 0xf2: return 4
    case 0xf3: return 5
    case 0xf4: return 9
    default: return nil
    }
  }

  private static func hasBacklength(_ bytes: Bytes, _ at: Int, _ length: Int, _ size: Int) -> Bool {
    (0..<size).allSatisfy { index in
      let bits = UInt8(truncatingIfNeeded: length >> (7 * (size - 1 - index))) & 0x7f
      return bytes[at + index] == (index == 0 ? bits : bits | 0x80)
    }
  }
}
