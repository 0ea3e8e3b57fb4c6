public import VersionedStore

/// A string, to be read: of the live dataset or of a sealed version, on any thread.
@safe @frozen
public enum StringReader {
  /// In one piece, or a number.
  case whole(StoredValue)
  /// In a sequence of chunks, weighed in bytes.
  case chunked(Collection)

  /// `entry` must hold a string.
  @inline(__always)
  public init(_ entry: Entry) {
    if entry.tag == ValueTag.chunked, let collection = entry.collection {
      self = .chunked(collection)
    } else {
      self = .whole(entry.value)
    }
  }

  /// An empty one.
  public init() { self = .whole(.bytes(Bytes())) }

  /// Length in bytes.
  @inline(__always)
  public var count: Int {
    switch self {
    case .whole(let value): value.byteCount
    case .chunked(let collection): collection.weight
    }
  }

  /// The string as it stands in the store if it is short enough to be a number; nil if it is in chunks.
  @inline(__always)
  public var whole: StoredValue? {
    if case .whole(let value) = self { value } else { nil }
  }

  /// Byte number `index`, from 0 on; nil behind the end.
  public func byte(at index: Int) -> UInt8? {
    guard index >= 0, index < count else { return nil }
    var found: UInt8?
    forEachChunk(in: index..<index + 1) { bytes, _ in
      found = bytes.first
      return false
    }
    return found
  }

  /// Meets the pieces of a range, which must lie within the string, in order, each with the place of its first byte in the
  /// string, until `visit` returns false. The bytes are good until the next write to the dataset.
  @inline(__always)
  public func forEachChunk<E: Error>(
    in range: Range<Int>, _ visit: (_ bytes: Bytes, _ offset: Int) throws(E) -> Bool
  ) throws(E) {
    switch self {
    case .whole(let value):
      try value.withBytes { bytes throws(E) in
        let part = bytes[range]
        if part.count > 0 { _ = try visit(part, range.lowerBound) }
      }
    case .chunked(let collection):
      precondition(range.lowerBound >= 0 && range.upperBound <= collection.weight, "byte range out of range")
      var at = range.lowerBound
      while at < range.upperBound, let leaf = collection.leaf(at: at) {
        let end = min(range.upperBound, leaf.start &+ leaf.weight)
        guard try visit(leaf.bytes[at &- leaf.start..<end &- leaf.start], at) else { return }
        at = end
      }
    }
  }

  /// Meets all pieces, in order, until `visit` returns false.
  @inline(__always)
  public func forEachChunk<E: Error>(_ visit: (_ bytes: Bytes, _ offset: Int) throws(E) -> Bool) throws(E) {
    try forEachChunk(in: 0..<count, visit)
  }

  /// Calls `body` with the bytes of a range in one piece: in place, unless the range goes over the end of a chunk. What
  /// takes any length should do with `forEachChunk`.
  public func withBytes<R, E: Error>(in range: Range<Int>, _ body: (Bytes) throws(E) -> R) throws(E) -> R {
    switch self {
    case .whole(let value):
      return try value.withBytes { bytes throws(E) in try body(bytes[range]) }
    case .chunked(let collection):
      if let leaf = collection.leaf(at: range.lowerBound), range.upperBound <= leaf.start + leaf.weight {
        return try body(leaf.bytes[range.lowerBound - leaf.start..<range.upperBound - leaf.start])
      }
      return try array(in: range).withBytes(body)
    }
  }

  /// Calls `body` with all bytes in one piece.
  public func withBytes<R, E: Error>(_ body: (Bytes) throws(E) -> R) throws(E) -> R {
    try withBytes(in: 0..<count, body)
  }

  /// A copy of the bytes of a range.
  public func array(in range: Range<Int>) -> [UInt8] {
    var array: [UInt8] = []
    array.reserveCapacity(range.count)
    forEachChunk(in: range) { bytes, _ in
      array.append(contentsOf: bytes)
      return true
    }
    return array
  }

  /// A copy of all bytes.
  public var array: [UInt8] { array(in: 0..<count) }
}
