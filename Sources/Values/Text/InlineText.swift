public import VersionedStore

/// A short text that lives where it is declared: the digits of a number, a lowercased name.
///
/// Takes no memory of its own, so that a reply can be formatted on the hot path for free.
@frozen
public struct InlineText<let capacity: Int>: Sendable {
  @usableFromInline var storage = InlineArray<capacity, UInt8>(repeating: 0)
  @usableFromInline var used = 0

  @inlinable
  public init() {}

  /// Number of bytes in use.
  @inlinable
  public var count: Int { used }

  /// Adds one byte. The caller knows that there is room.
  @inlinable
  public mutating func append(_ byte: UInt8) {
    precondition(count < capacity, "inline text is full")
    storage[count] = byte
    used += 1
  }

  /// Adds every byte of `bytes`. The caller knows that there is room.
  @inlinable
  public mutating func append(contentsOf bytes: Bytes) {
    for byte in bytes { append(byte) }
  }

  /// Adds `value` in decimal with zeros before it up to `width` digits. The caller knows that both fit.
  @inlinable
  public mutating func append(decimal value: UInt64, width: Int) {
    precondition(width <= capacity - count, "inline text is full")
    var rest = value
    for index in stride(from: count + width - 1, through: count, by: -1) {
      storage[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
    used += width
  }

  /// Calls `body` with the text; it must not escape `body`.
  @inlinable
  public func withBytes<R, E: Error>(_ body: (Bytes) throws(E) -> R) throws(E) -> R {
    try unsafe storage.span.bytes.withUnsafeBytes { raw throws(E) in
      try body(unsafe Bytes(UnsafeRawBufferPointer(rebasing: raw[..<count])))
    }
  }
}

extension StoredValue {
  /// Calls `body` with a copy of the string's bytes, for writes during which the store's own may go.
  public func withCopy<R>(_ body: (Bytes) -> R) -> R {
    withBytes { bytes in
      guard bytes.count <= 64 else { return Array(bytes).withBytes(body) }
      var copy = InlineText<64>()
      copy.append(contentsOf: bytes)
      return copy.withBytes(body)
    }
  }
}
