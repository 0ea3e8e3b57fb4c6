public import VersionedStore

/// A hash, to be read: of the live dataset or of a sealed version, on any thread.
@safe
public struct HashReader {
  private let packed: PackedValue?
  private let collection: Collection?

  /// `entry` must hold a hash.
  @inline(__always)
  public init(_ entry: Entry) {
    collection = entry.collection
    packed = collection == nil ? PackedValue(entry) : nil
  }

  /// Fields, those that have expired and were not met yet among them.
  public var count: Int { collection?.count ?? (packed?.count ?? 0) / 2 }
  /// Whether the fields stand in the order in which they came, in the entry itself.
  public var isPacked: Bool { packed != nil }
  /// The trie of a large hash.
  public var trie: Collection? { collection }

  /// The value of a field; nil if it is not there or has expired at `now`, in milliseconds since 1970.
  @inline(__always)
  public func value(of field: Bytes, _ hash: UInt64, now: Int64) -> StoredValue? {
    if let collection {
      guard let entry = collection.find(field, hash), !entry.hasExpired(now) else { return nil }
      return entry.value
    }
    guard let elements = packed?.elements, let at = elements.find(field, every: 2) else { return nil }
    return elements.element(at: elements.next(after: at)).value
  }

  /// Meets the fields, their values, and when they expire (milliseconds since 1970), until `visit` returns false. Those
  /// that have expired are met too.
  public func forEach<E: Error>(
    _ visit: (_ field: StoredValue, _ value: StoredValue, _ expiry: Int64?) throws(E) -> Bool
  ) throws(E) {
    if let collection {
      return try collection.forEach { entry throws(E) in try visit(.bytes(entry.key), entry.value, entry.expiry) }
    }
    guard let elements = packed?.elements else { return }
    var at = elements.start
    while at < elements.end {
      let (field, second) = elements.element(at: at)
      let (value, next) = elements.element(at: second)
      guard try visit(field, value, nil) else { return }
      at = next
    }
  }

  /// A field chosen so that every one is equally likely, with its value; nil if there is none.
  public func random(using generator: inout some RandomNumberGenerator) -> (field: StoredValue, value: StoredValue)? {
    guard count > 0 else { return nil }
    if let collection {
      return collection.randomEntry(using: &generator).map { (.bytes($0.key), $0.value) }
    }
    return pair(at: Int.random(in: 0..<count, using: &generator))
  }

  /// Field number `index` of a packed hash.
  public func pair(at index: Int) -> (field: StoredValue, value: StoredValue)? {
    guard let packed, index >= 0, index < count else { return nil }
    let at = packed.elements.offset(ofIndex: 2 * index, count: packed.count)
    let (field, second) = packed.elements.element(at: at)
    return (field, packed.elements.element(at: second).value)
  }
}

extension Entry {
  /// Whether the time to live is over at `now`, in milliseconds since 1970.
  @inline(__always)
  public func hasExpired(_ now: Int64) -> Bool {
    guard let expiry else { return false }
    return expiry <= now
  }
}
