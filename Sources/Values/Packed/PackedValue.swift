public import VersionedStore

/// A compact value as it stands in an entry: the number of its elements in 16 bits, then the elements.
@safe @frozen
public struct PackedValue {
  public let elements: PackedElements
  /// The number of elements: two for each field of a hash.
  public let count: Int

  public static let headerByteCount = 2

  @inlinable @inline(__always)
  public init(_ bytes: Bytes) {
    elements = PackedElements(bytes, start: Self.headerByteCount)
    count = Int(bytes.littleEndian(at: 0, as: UInt16.self))
  }

  /// The compact value in `entry`; nil if it holds something else.
  @inlinable @inline(__always)
  public init?(_ entry: Entry) {
    guard entry.collection == nil, case .bytes(let bytes) = entry.value, bytes.count >= Self.headerByteCount else {
      return nil
    }
    self.init(bytes)
  }

  /// Bytes of all elements.
  @inlinable @inline(__always)
  public var byteCount: Int { elements.end - elements.start }

  /// Calls `body` with the bytes of a compact value with these elements, which are encoded.
  public static func withBytes<R>(count: Int, _ elements: Bytes, _ body: (Bytes) -> R) -> R {
    var bytes = [UInt8(truncatingIfNeeded: count), UInt8(truncatingIfNeeded: count >> 8)]
    bytes += elements
    return bytes.withBytes(body)
  }
}

extension Place {
  /// Replaces elements of the compact value that stands here by others, which are encoded and do not lie in it.
  ///
  /// - Parameters:
  ///   - range: of bytes, both ends at the boundaries of elements.
  ///   - count: the number of elements afterwards, at most 65535.
  @inline(__always)
  public func splicePacked(_ range: Range<Int>, with elements: Bytes, count: Int, tag: UInt8) {
    splice(range, with: elements, tag: tag)
    let bytes = editBytes(count: 0, tag: tag)
    bytes[0] = UInt8(truncatingIfNeeded: count)
    bytes[1] = UInt8(truncatingIfNeeded: count >> 8)
  }

  /// Stores a compact value with these elements, which are encoded, in place of what is here.
  public func putPacked(count: Int, _ elements: Bytes, tag: UInt8, expiry: Int64?) {
    PackedValue.withBytes(count: count, elements) { put(.bytes($0), tag: tag, expiry: expiry) }
  }
}
