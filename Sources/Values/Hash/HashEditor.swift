public import VersionedStore

/// A hash in the open dataset, to be written. What is not there is made by the first field and goes with the last.
@safe
public struct HashEditor {
  private let place: Place
  private let limits: EncodingLimits
  private let opened: OpenCollection?

  /// What stands at `place`, if anything, must be a hash.
  @inline(__always)
  public init(_ place: Place, _ limits: EncodingLimits) {
    self.place = place
    self.limits = limits
    opened = nil
  }

  /// For a caller who has just found `entry` at `place`, and who only adds: what is opened here stays as long as nothing is
  /// removed.
  @inline(__always)
  public init(_ place: Place, _ limits: EncodingLimits, addingTo entry: Entry?) {
    self.place = place
    self.limits = limits
    opened = place.openCollection(of: entry)
  }

  /// Stores a value under a field, and gives the field that expiry or takes its own away. Returns whether the field is new.
  @inline(__always) @discardableResult
  public func set(_ field: Bytes, _ value: Bytes, expiry: Int64? = nil) -> Bool {
    if let open = opened ?? place.openCollection() { return Self.put(open, place, field, .bytes(value), expiry) }
    return setSmall(field, value, expiry)
  }

  /// The same, where a field that has expired at `now` counts as new.
  @inline(__always)
  public func set(_ field: Bytes, _ value: Bytes, now: Int64) -> Bool {
    if let open = opened ?? place.openCollection() {
      let hadExpired = open.collection.expiringCount > 0 && Self.hasExpired(open, place, field, now)
      return Self.put(open, place, field, .bytes(value), nil) || hadExpired
    }
    return setSmall(field, value, nil)
  }

  private static func hasExpired(_ open: OpenCollection, _ place: Place, _ field: Bytes, _ now: Int64) -> Bool {
    open.collection.find(field, place.hash(field))?.hasExpired(now) ?? false
  }

  private func setSmall(_ field: Bytes, _ value: Bytes, _ expiry: Int64?) -> Bool {
    let isShort = field.count <= limits.hashValue && value.count <= limits.hashValue && expiry == nil
    guard let packed = place.entry.flatMap({ PackedValue($0) }) else {
      guard isShort, limits.hashEntries > 0 else {
        let open = place.putCollection(tag: ValueTag.trieHash, expiry: nil)
        return Self.put(open, place, field, .bytes(value), expiry)
      }
      Packed.withEncoded(pair: field, value) {
        place.putPacked(count: 2, $0, tag: ValueTag.packedHash, expiry: nil)
      }
      return true
    }
    let found = packed.elements.find(field, every: 2)
    let hasRoom = found != nil || packed.count / 2 < min(limits.hashEntries, EncodingLimits.packedEntries)
    guard isShort, hasRoom else { return Self.put(spread(packed), place, field, .bytes(value), expiry) }
    if let found {
      let start = packed.elements.next(after: found)
      let range = start..<packed.elements.next(after: start)
      Packed.withEncoded(value) { place.splice(range, with: $0, tag: ValueTag.packedHash) }
      return false
    }
    let (end, count) = (packed.elements.end, packed.count)
    Packed.withEncoded(pair: field, value) {
      place.splicePacked(end..<end, with: $0, count: count + 2, tag: ValueTag.packedHash)
    }
    return true
  }

  /// Gives a field a time to live, in milliseconds since 1970, or takes it away with nil. Returns whether it is there.
  public func setExpiry(_ field: Bytes, _ expiry: Int64?) -> Bool {
    guard let open = place.openCollection() ?? spreadIfThere(field, expiry) else { return false }
    return open.setExpiry(field, place.hash(field), expiry)
  }

  private func spreadIfThere(_ field: Bytes, _ expiry: Int64?) -> OpenCollection? {
    guard expiry != nil, let packed = place.entry.flatMap({ PackedValue($0) }) else { return nil }
    return packed.elements.find(field, every: 2) == nil ? nil : spread(packed)
  }

  /// Removes a field. Returns whether it was there and had not expired at `now`.
  public func remove(_ field: Bytes, now: Int64) -> Bool {
    let hadExpired =
      place.openCollection().map { $0.collection.expiringCount > 0 && Self.hasExpired($0, place, field, now) } ?? false
    return remove(field) && !hadExpired
  }

  /// Removes a field. Returns whether it was there, expired or not.
  @discardableResult
  public func remove(_ field: Bytes) -> Bool {
    if let open = place.openCollection() {
      guard open.remove(field, place.hash(field)) else { return false }
      if open.collection.count == 0 { place.remove() }
      return true
    }
    guard let packed = place.entry.flatMap({ PackedValue($0) }), let found = packed.elements.find(field, every: 2)
    else { return false }
    if packed.count == 2 {
      place.remove()
    } else {
      let range = found..<packed.elements.next(after: packed.elements.next(after: found))
      place.splicePacked(range, with: Bytes(), count: packed.count - 2, tag: ValueTag.packedHash)
    }
    return true
  }

  /// Turns a packed hash into a trie.
  private func spread(_ packed: PackedValue) -> OpenCollection {
    // A copy, because what is packed goes when the collection takes its place.
    let elements = Array(packed.elements.bytes)
    let open = place.putCollection(tag: ValueTag.trieHash, expiry: place.entry?.expiry)
    elements.withBytes { bytes in
      let elements = PackedElements(bytes, start: PackedValue.headerByteCount)
      var at = elements.start
      while at < elements.end {
        let (field, second) = elements.element(at: at)
        let (value, next) = elements.element(at: second)
        field.withBytes { field in
          value.withBytes { _ = Self.put(open, place, field, .bytes($0), nil) }
        }
        at = next
      }
    }
    return open
  }

  @inline(__always)
  private static func put(
    _ open: OpenCollection, _ place: Place, _ field: Bytes, _ value: StoredValue, _ expiry: Int64?
  ) -> Bool {
    open.put(field, place.hash(field), value, expiry: expiry)
  }
}
