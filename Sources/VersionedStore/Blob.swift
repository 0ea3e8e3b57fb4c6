/// The bytes of a value that is too long to stand in its entry.
///
///     | generation: 48 bits | 0: u8 | kind: u8 | count: u32 | capacity: u32 | bytes |
@safe
struct Blob: BitwiseCopyable {
  let base: UnsafeMutableRawPointer

  static let headerByteCount = 16
  /// The most bytes that a blob can hold.
  static let countLimit = Int(UInt32.max) - headerByteCount

  var stamp: Stamp { unsafe base.load(as: Stamp.self) }
  var generation: Generation { stamp.generation }
  var count: Int {
    get { Int(unsafe base.load(fromByteOffset: 8, as: UInt32.self)) }
    nonmutating set { unsafe base.storeBytes(of: UInt32(newValue), toByteOffset: 8, as: UInt32.self) }
  }
  var capacity: Int { Int(unsafe base.load(fromByteOffset: 12, as: UInt32.self)) }
  var byteCount: Int { Self.headerByteCount + capacity }

  var bytes: Bytes { unsafe Bytes(base: base + Self.headerByteCount, count: count) }
  var mutableBytes: MutableBytes { unsafe MutableBytes(base: base + Self.headerByteCount, count: count) }

  func start(_ generation: Generation, count: Int, capacity: Int) {
    unsafe base.storeBytes(of: Stamp(generation, .blob), as: Stamp.self)
    unsafe base.storeBytes(of: UInt32(count), toByteOffset: 8, as: UInt32.self)
    unsafe base.storeBytes(of: UInt32(capacity), toByteOffset: 12, as: UInt32.self)
  }
}

/// A run of stored bytes that may be written; good until the next write to the dataset by other means.
@safe
public struct MutableBytes {
  let base: UnsafeMutableRawPointer
  /// Number of bytes.
  public let count: Int

  init(base: UnsafeMutableRawPointer, count: Int) {
    unsafe self.base = unsafe base
    self.count = count
  }

  public var bytes: Bytes { unsafe Bytes(base: base, count: count) }

  public subscript(index: Int) -> UInt8 {
    get { bytes[index] }
    nonmutating set {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "byte index out of range")
      unsafe base.storeBytes(of: newValue, toByteOffset: index, as: UInt8.self)
    }
  }

  /// Copies `source` to `offset`; it may overlap.
  public func replace(at offset: Int, with source: Bytes) {
    precondition(offset >= 0 && offset <= count - source.count, "byte range out of range")
    unsafe (base + offset).copy(source)
  }

  /// Sets `range` to zero.
  public func clear(_ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "byte range out of range")
    unsafe (base + range.lowerBound).initializeMemory(as: UInt8.self, repeating: 0, count: range.count)
  }
}
