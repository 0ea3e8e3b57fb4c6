internal import Values
internal import VersionedStore

/// The types of value that this writer uses, of those that RDB has.
enum TypeByte {
  static let string: UInt8 = 0
  static let set: UInt8 = 2
  static let hash: UInt8 = 4
  static let sortedSet: UInt8 = 5
  static let integerSet: UInt8 = 11
  static let packedHash: UInt8 = 16
  static let packedSortedSet: UInt8 = 17
  static let list: UInt8 = 18
  static let stream: UInt8 = 19
  /// Of RDB 12: a hash whose fields may have an expiry of their own.
  static let expiringHash: UInt8 = 24
}

extension SnapshotEncoder {
  /// The type byte of the form in which a value is written.
  static func typeByte(of entry: Entry) -> UInt8 {
    switch entry.type {
    case .string: TypeByte.string
    case .list: TypeByte.list
    case .set: entry.tag == ValueTag.integerSet ? TypeByte.integerSet : TypeByte.set
    case .sortedSet: entry.tag == ValueTag.packedSortedSet ? TypeByte.packedSortedSet : TypeByte.sortedSet
    case .hash:
      if entry.tag == ValueTag.packedHash {
        TypeByte.packedHash
      } else {
        hasExpiringFields(entry) ? TypeByte.expiringHash : TypeByte.hash
      }
    case .stream: TypeByte.stream
    }
  }

  static func hasExpiringFields(_ entry: Entry) -> Bool {
    entry.type == .hash && entry.collection.map { $0.expiringCount > 0 } ?? false
  }

  /// The value of an entry, without its type byte.
  func append(valueOf entry: Entry) throws(SnapshotWriteFailure) {
    switch entry.type {
    case .string: try append(StringReader(entry))
    case .list: try append(list: entry)
    case .set: try append(set: entry)
    case .sortedSet: try append(sortedSet: entry)
    case .hash: try append(hash: entry)
    case .stream: try append(stream: entry)
    }
  }

  private func append(list entry: Entry) throws(SnapshotWriteFailure) {
    guard let collection = entry.collection else {
      append(length: 1)
      append(length: 2)
      return append(listpackOf: entry)
    }
    append(length: collection.leafCount)
    var index = 0
    while let leaf = collection.leaf(at: index) {
      append(leaf: leaf)
      index = leaf.start + leaf.weight
      try drainIfLong()
    }
  }

  /// A node of a quicklist: 2 and a listpack, or 1 and the element itself where a listpack could not hold it.
  private func append(leaf: Leaf) {
    if leaf.weight == 1, leaf.bytes.count >= 1 << 30 {
      append(length: 1)
      append(PackedElements(leaf.bytes).element(at: 0).value)
    } else {
      append(length: 2)
      append(listpack: leaf.weight, leaf.bytes)
    }
  }

  private func append(set entry: Entry) throws(SnapshotWriteFailure) {
    if entry.tag == ValueTag.integerSet, case .bytes(let bytes) = entry.value { return append(text: bytes) }
    let reader = SetReader(entry)
    append(length: reader.count)
    try reader.forEach { member throws(SnapshotWriteFailure) in
      append(member)
      try drainIfLong()
      return true
    }
  }

  private func append(sortedSet entry: Entry) throws(SnapshotWriteFailure) {
    if entry.tag == ValueTag.packedSortedSet { return append(listpackOf: entry) }
    let reader = SortedSetReader(entry)
    append(length: reader.count)
    // As Redis does: whoever builds a list sorted by score inserts at its head then.
    try reader.forEachReversed(in: 0..<reader.count) { member, score throws(SnapshotWriteFailure) in
      append(member)
      append(littleEndian: score.bitPattern)
      try drainIfLong()
      return true
    }
  }

  private func append(hash entry: Entry) throws(SnapshotWriteFailure) {
    if entry.tag == ValueTag.packedHash {
      return append(listpackOf: entry)
    }
    let reader = HashReader(entry)
    let soonest = Self.hasExpiringFields(entry) ? soonestExpiry(reader) : nil
    if let soonest { append(littleEndian: UInt64(bitPattern: soonest)) }
    append(length: reader.count)
    try reader.forEach { field, value, expiry throws(SnapshotWriteFailure) in
      // Milliseconds after the soonest, and one; 0 is for ever.
      if let soonest { append(length: expiry.map { UInt64($0 &- soonest) + 1 } ?? 0) }
      append(field)
      append(value)
      try drainIfLong()
      return true
    }
  }

  private func soonestExpiry(_ reader: HashReader) -> Int64 {
    var soonest = Int64.max
    reader.forEach { _, _, expiry in
      if let expiry { soonest = min(soonest, expiry) }
      return true
    }
    return soonest
  }

  private func append(listpackOf entry: Entry) {
    guard let packed = PackedValue(entry) else { preconditionFailure("a packed value that is none") }
    append(listpack: packed.count, packed.elements.bytes[packed.elements.start..<packed.elements.end])
  }
}

extension VersionedStore.Collection {
  /// Leaves of the sequence.
  fileprivate var leafCount: Int {
    var (count, index) = (0, 0)
    while let leaf = leaf(at: index) {
      count += 1
      index = leaf.start + leaf.weight
    }
    return count
  }
}
