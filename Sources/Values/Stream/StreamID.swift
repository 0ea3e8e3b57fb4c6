public import VersionedStore

/// The name of a stream's entry: milliseconds since 1970, and a number among those of one millisecond.
@frozen
public struct StreamID: Comparable, Sendable {
  public var milliseconds: UInt64
  public var sequence: UInt64

  @inlinable
  public init(_ milliseconds: UInt64, _ sequence: UInt64) {
    self.milliseconds = milliseconds
    self.sequence = sequence
  }

  /// From 16 bytes, both numbers big-endian, so that bytes compare as ids do.
  @inlinable
  public init(_ bytes: Bytes, at offset: Int = 0) {
    milliseconds = bytes.bigEndian(at: offset, as: UInt64.self)
    sequence = bytes.bigEndian(at: offset &+ 8, as: UInt64.self)
  }

  public static let least = StreamID(0, 0)
  public static let greatest = StreamID(.max, .max)
  public static let byteCount = 16

  @inlinable @inline(__always)
  public static func < (a: StreamID, b: StreamID) -> Bool {
    a.milliseconds != b.milliseconds ? a.milliseconds < b.milliseconds : a.sequence < b.sequence
  }

  /// The next one; nil behind the greatest.
  public var successor: StreamID? {
    if sequence < .max { return StreamID(milliseconds, sequence + 1) }
    return milliseconds < .max ? StreamID(milliseconds + 1, 0) : nil
  }

  /// The one before; nil before the least.
  public var predecessor: StreamID? {
    if sequence > 0 { return StreamID(milliseconds, sequence - 1) }
    return milliseconds > 0 ? StreamID(milliseconds - 1, .max) : nil
  }

  /// The 16 bytes of ``init(_:at:)``.
  public var bytes: InlineArray<16, UInt8> {
    var bytes = InlineArray<16, UInt8>(repeating: 0)
    for index in 0..<8 {
      bytes[index] = UInt8(truncatingIfNeeded: milliseconds >> UInt64(56 - 8 * index))
      bytes[8 + index] = UInt8(truncatingIfNeeded: sequence >> UInt64(56 - 8 * index))
    }
    return bytes
  }

  /// Calls `body` with the 16 bytes of ``init(_:at:)``.
  public func withBytes<R>(_ body: (Bytes) -> R) -> R {
    let bytes = bytes
    let span = unsafe bytes.span.bytes
    return unsafe span.withUnsafeBytes { body(unsafe Bytes($0)) }
  }
}
