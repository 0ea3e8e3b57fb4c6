public import VersionedStore

/// Writes elements in the byte format of a listpack's elements, as Redis and RDB have them:
///
///     0xxxxxxx                       integer 0 to 127
///     10xxxxxx bytes                 string of up to 63 bytes
///     110xxxxx xxxxxxxx              13-bit signed integer
///     1110xxxx xxxxxxxx bytes        string of up to 4095 bytes
///     11110000 u32 bytes             longer string
///     11110001 to 11110100           16, 24, 32, 64-bit signed integer, little-endian
///
/// each followed by its own length in bytes, to be read backwards: seven bits a byte, the highest first, all but the first
/// marked with the top bit. Source: antirez, "listpack specification", https://github.com/antirez/listpack.
public enum Packed {
  /// Calls `body` with the encoding of an element. Text that is a number in its usual form is kept as a number.
  @inlinable @inline(__always)
  public static func withEncoded<R, E: Error>(_ element: Bytes, _ body: (Bytes) throws(E) -> R) throws(E) -> R {
    var scratch = PackedScratch()
    scratch.append(element)
    return try scratch.withBytes(body)
  }

  @inlinable @inline(__always)
  public static func withEncoded<R, E: Error>(_ element: StoredValue, _ body: (Bytes) throws(E) -> R) throws(E) -> R {
    var scratch = PackedScratch()
    scratch.append(element)
    return try scratch.withBytes(body)
  }

  /// Calls `body` with the encoding of two elements, one behind the other.
  @inlinable @inline(__always)
  public static func withEncoded<R, E: Error>(
    pair first: Bytes, _ second: Bytes, _ body: (Bytes) throws(E) -> R
  ) throws(E) -> R {
    var scratch = PackedScratch()
    scratch.append(first)
    scratch.append(second)
    return try scratch.withBytes(body)
  }

  /// Bytes that the encoding of an element takes.
  public static func encodedByteCount(_ element: Bytes) -> Int {
    if let integer = integer(element) { return integerByteCount(integer) + 1 }
    let count = element.count
    let body = count + (count < 64 ? 1 : count < 4096 ? 2 : 5)
    return body + backlengthByteCount(body)
  }

  /// The number that text of up to 20 bytes is in its usual form.
  @inlinable @inline(__always)
  static func integer(_ element: Bytes) -> Int64? {
    element.count > 0 && element.count <= 20 ? Int64(text: element) : nil
  }

  /// Bytes of an integer, without the length behind it.
  @usableFromInline
  static func integerByteCount(_ integer: Int64) -> Int {
    switch integer {
    case 0...127: 1
    case -4096...4095: 2
    case -32768...32767: 3
    case -8_388_608...8_388_607: 4
    case -2_147_483_648...2_147_483_647: 5
    default: 9
    }
  }

  /// Bytes that a length takes behind an element. From two bytes on the greatest number that would fit gets a byte more:
  /// so Redis writes it, and readers find the next element by it.
  @inlinable @inline(__always)
  static func backlengthByteCount(_ count: Int) -> Int {
    if count < 1 << 7 { return 1 }
    return count < 1 << 14 - 1 ? 2 : count < 1 << 21 - 1 ? 3 : count < 1 << 28 - 1 ? 4 : 5
  }
}

/// Memory in which a few elements are encoded: on the stack while they are short.
@usableFromInline
struct PackedScratch {
  @usableFromInline var short = InlineArray<256, UInt8>(repeating: 0)
  @usableFromInline var count = 0
  /// Takes over when the stack's part is full.
  @usableFromInline var long: [UInt8] = []

  @inlinable @inline(__always)
  init() {}

  @inlinable
  mutating func append(_ byte: UInt8) {
    if long.isEmpty, count < 256 {
      short[count] = byte
    } else {
      spill()
      long.append(byte)
    }
    count &+= 1
  }

  @usableFromInline
  mutating func spill() {
    guard long.isEmpty else { return }
    long.reserveCapacity(1024)
    for index in 0..<count { long.append(short[index]) }
  }

  @inlinable
  mutating func append(_ element: StoredValue) {
    switch element {
    case .bytes(let bytes): append(bytes)
    case .word(let word): append(integer: word)
    }
  }

  @inlinable
  mutating func append(_ element: Bytes) {
    if let integer = Packed.integer(element) { return append(integer: integer) }
    let start = count
    let length = element.count
    if length < 64 {
      append(0x80 | UInt8(length))
    } else if length < 4096 {
      append(0xe0 | UInt8(length >> 8))
      append(UInt8(truncatingIfNeeded: length))
    } else {
      append(0xf0)
      for shift in 0..<4 { append(UInt8(truncatingIfNeeded: length >> (8 * shift))) }
    }
    if long.isEmpty, count &+ length <= 256 {
      for index in 0..<length { short[count &+ index] = element[index] }
    } else {
      spill()
      long.append(contentsOf: element)
    }
    count &+= length
    appendBacklength(count &- start)
  }

  @usableFromInline
  mutating func append(integer: Int64) {
    let start = count
    let bits = UInt64(bitPattern: integer)
    switch Packed.integerByteCount(integer) {
    case 1: append(UInt8(truncatingIfNeeded: bits))
    case 2:
      append(0xc0 | UInt8(truncatingIfNeeded: bits >> 8) & 0x1f)
      append(UInt8(truncatingIfNeeded: bits))
    case let byteCount:
      append(byteCount == 9 ? 0xf4 : 0xee + UInt8(byteCount))
      for index in 0..<byteCount - 1 { append(UInt8(truncatingIfNeeded: bits >> UInt64(8 * index))) }
    }
    appendBacklength(count - start)
  }

  /// The length of what stands before, to be read backwards.
  @inlinable
  mutating func appendBacklength(_ length: Int) {
    let byteCount = Packed.backlengthByteCount(length)
    for index in (0..<byteCount).reversed() {
      let bits = UInt8(truncatingIfNeeded: length >> (7 * index)) & 0x7f
      append(index == byteCount - 1 ? bits : bits | 0x80)
    }
  }

  @inlinable @inline(__always)
  func withBytes<R, E: Error>(_ body: (Bytes) throws(E) -> R) throws(E) -> R {
    if long.isEmpty {
      let bytes = unsafe short.span.bytes.extracting(first: count)
      let result: Result<R, E> = unsafe bytes.withUnsafeBytes { raw in
        do throws(E) { return .success(try body(unsafe Bytes(raw))) } catch { return .failure(error) }
      }
      return try result.get()
    }
    return try long.withBytes(body)
  }
}
