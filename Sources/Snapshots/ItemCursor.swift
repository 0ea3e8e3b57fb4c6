internal import VersionedStore

/// Why an item could not be read.
enum Interruption: Error {
  /// It is not all there yet: it has at least this many bytes.
  case incomplete(byteCount: Int)
  case failed(SnapshotError)
}

/// Walks the fields of one item, in place, in the bytes that have arrived.
///
/// Nothing is consumed, decompressed or handed on while a field may still be missing, so that an item that was cut short
/// is simply read again once more bytes are there. That costs no more than its few length fields.
struct ItemCursor {
  /// Begins with the item; may hold less than the item, or more.
  let source: Bytes
  private(set) var position = 0
  private let byteOffset: Int
  private let stringLimit: Int
  /// The key and the kind of value that the fields read from here on belong to, for errors.
  var subject: (key: StringField, type: ValueType)?
  /// The same where the key came in an item before.
  var openSubject: (key: [UInt8], type: ValueType)?

  /// - Parameter byteOffset: of the item in the snapshot.
  init(source: Bytes, byteOffset: Int, stringLimit: Int) {
    self.source = source
    self.byteOffset = byteOffset
    self.stringLimit = stringLimit
  }

  /// The place of a fault in the field that was read last.
  func place() -> SnapshotError.Place {
    var key: [UInt8]?
    if let subject { key = subject.key.copied(from: source) }
    return SnapshotError.Place(
      byteOffset: byteOffset + position, key: key ?? openSubject?.key, type: subject?.type ?? openSubject?.type)
  }

  /// What the sink does not take; it may be a key that came before this one.
  func refused(_ refusal: SinkRefusal) -> Interruption {
    var place = place()
    if case .duplicateKey(let key) = refusal, key != place.key { (place.key, place.type) = (key, .string) }
    return .failed(.refused(place, refusal))
  }

  /// The position of the next `count` bytes, which are then behind the cursor.
  mutating func take(_ count: Int) throws(Interruption) -> Range<Int> {
    guard count <= source.count - position else { throw .incomplete(byteCount: position + count) }
    defer { position += count }
    return position..<position + count
  }

  mutating func byte() throws(Interruption) -> UInt8 { source[try take(1).lowerBound] }

  mutating func littleEndian<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) throws(Interruption) -> T {
    source.littleEndian(at: try take(MemoryLayout<T>.size).lowerBound, as: type)
  }

  private mutating func bigEndian<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) throws(Interruption) -> T {
    source.bigEndian(at: try take(MemoryLayout<T>.size).lowerBound, as: type)
  }

  /// A number of up to 64 bits:
  ///
  ///     00nnnnnn              6 bits
  ///     01nnnnnn nnnnnnnn     14 bits
  ///     10000000 ...          32 bits, big-endian
  ///     10000001 ...          64 bits, big-endian
  mutating func length() throws(Interruption) -> UInt64 { try length(after: byte()) }

  private mutating func length(after first: UInt8) throws(Interruption) -> UInt64 {
    switch first {
    case 0x00...0x3f: UInt64(first)
    case 0x40...0x7f: UInt64(first & 0x3f) << 8 | UInt64(try byte())
    case 0x80: UInt64(try bigEndian(UInt32.self))
    case 0x81: try bigEndian(UInt64.self)
    default: throw .failed(.invalidLength(place(), first))
    }
  }

  /// A string: a length and so many bytes, or, where the two highest bits of the first byte are set, an encoding:
  ///
  ///     11000000 ...     8-bit integer
  ///     11000001 ...     16-bit integer, little-endian
  ///     11000010 ...     32-bit integer, little-endian
  ///     11000011 ...     LZF: compressed length, length, compressed bytes
  mutating func string() throws(Interruption) -> StringField {
    let first = try byte()
    switch first {
    case 0xc0: return .integer(Int32(try littleEndian(Int8.self)))
    case 0xc1: return .integer(Int32(try littleEndian(Int16.self)))
    case 0xc2: return .integer(try littleEndian(Int32.self))
    case 0xc3:
      let compressedByteCount = try stringLength(after: byte())
      let byteCount = try stringLength(after: byte())
      guard LZF.canGrow(from: compressedByteCount, to: byteCount) else { throw .failed(.corruptCompression(place())) }
      return .compressed(try take(compressedByteCount), byteCount: byteCount)
    case 0xc4...0xff: throw .failed(.unknownStringEncoding(place(), first & 0x3f))
    default: return .raw(try take(stringLength(after: first)))
    }
  }

  /// A string; of one that is not compressed and has more than `limit` bytes, only the length, and its bytes follow.
  mutating func string(upTo limit: Int) throws(Interruption) -> (string: StringField?, byteCount: Int) {
    let start = position
    let first = try byte()
    if first < 0xc0 {
      let byteCount = try stringLength(after: first)
      if byteCount > limit { return (nil, byteCount) }
    }
    position = start
    return (try string(), 0)
  }

  private mutating func stringLength(after first: UInt8) throws(Interruption) -> Int {
    let byteCount = try length(after: first)
    guard byteCount <= UInt64(stringLimit) else {
      throw .failed(.stringTooLong(place(), byteCount: byteCount, limit: stringLimit))
    }
    return Int(byteCount)
  }
}
