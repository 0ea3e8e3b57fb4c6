public import VersionedStore

/// A set of integers as it stands in an entry, in the very bytes of Redis's intset: the width of an integer in bytes (2, 4
/// or 8) and their number, each a little-endian u32, then the integers in ascending order, little-endian.
@safe @frozen
public struct IntegerSet {
  public let bytes: Bytes
  public static let headerByteCount = 8

  /// `bytes` were validated before they were stored.
  @inlinable @inline(__always)
  public init(_ bytes: Bytes) { self.bytes = bytes }

  @inlinable @inline(__always)
  public var width: Int { Int(bytes.littleEndian(at: 0, as: UInt32.self)) }
  @inlinable @inline(__always)
  public var count: Int { Int(bytes.littleEndian(at: 4, as: UInt32.self)) }

  /// The least width that holds an integer.
  @inlinable
  public static func width(of integer: Int64) -> Int {
    Int16(exactly: integer) != nil ? 2 : Int32(exactly: integer) != nil ? 4 : 8
  }

  /// Where integer number `index` stands.
  @inlinable @inline(__always)
  public func offset(of index: Int) -> Int { Self.headerByteCount &+ index &* width }

  @inlinable @inline(__always)
  public subscript(index: Int) -> Int64 {
    let at = offset(of: index)
    switch width {
    case 2: return Int64(bytes.littleEndian(at: at, as: Int16.self))
    case 4: return Int64(bytes.littleEndian(at: at, as: Int32.self))
    default: return bytes.littleEndian(at: at, as: Int64.self)
    }
  }

  /// The number of the first integer that is not less.
  @inlinable
  public func lowerBound(_ integer: Int64) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low &+ high) / 2
      if self[middle] < integer { low = middle &+ 1 } else { high = middle }
    }
    return low
  }

  @inlinable
  public func contains(_ integer: Int64) -> Bool {
    let index = lowerBound(integer)
    return index < count && self[index] == integer
  }

  /// The bytes of a set of ascending integers, each of `width` bytes.
  public static func encode(_ integers: [Int64], width: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(headerByteCount + integers.count * width)
    append(Int64(width), 4, to: &bytes)
    append(Int64(integers.count), 4, to: &bytes)
    for integer in integers { append(integer, width, to: &bytes) }
    return bytes
  }

  static func append(_ integer: Int64, _ byteCount: Int, to bytes: inout [UInt8]) {
    for index in 0..<byteCount { bytes.append(UInt8(truncatingIfNeeded: integer >> Int64(8 * index))) }
  }

  /// Whether bytes that nobody has vouched for are a set: a known width, as many integers as said, ascending, none twice.
  public static func validate(_ bytes: Bytes) -> Bool {
    guard bytes.count >= headerByteCount else { return false }
    let set = IntegerSet(bytes)
    guard [2, 4, 8].contains(set.width), bytes.count - headerByteCount == set.count * set.width else { return false }
    return (1..<max(set.count, 1)).allSatisfy { set[$0 - 1] < set[$0] }
  }
}
